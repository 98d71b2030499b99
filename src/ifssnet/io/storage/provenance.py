"""Provenance as plain data, and back: the JSON beside a segmentation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from ifssnet.core.errors import InputError
from ifssnet.core.grey_scale import GreyScale
from ifssnet.core.provenance import (
    AnnotatedSlices,
    CaseFacts,
    FileSource,
    MethodDescription,
    Provenance,
    SelfCheck,
    SmoothingChoice,
    VolumeEstimate,
    WeightsSource,
)
from ifssnet.io.plain_data import LEFT_OUT, Json, plain, plain_table, structure

_OF_METHOD = {"name", "settings", "smoothing", "muscles", "prior", "self_check", "per_muscle"}
"""Keys of a method that are fields of its description; all others are its details."""


@dataclass(frozen=True)
class RecordedProvenance:
    """What lies beside a segmentation, whoever wrote it.

    Attributes:
        table: The file as it stands; empty where there is none that can be read.
        provenance: The same with types; None where it is not ours.
    """

    table: Mapping[str, Json] = field(default_factory=dict[str, Json])
    provenance: Provenance | None = None


def provenance_path(segmentation: Path) -> Path:
    """Where a segmentation's provenance lies."""
    return segmentation.with_name(f"{segmentation.name}.json")


def provenance_table(provenance: Provenance) -> dict[str, Json]:
    """Plain data for a file; what there is none of is left out."""
    table: dict[str, Json] = {
        "method": {"name": provenance.method_name, **_method_table(provenance.method)},
        "protocol": provenance.protocol,
        "annotated_slices": plain(provenance.annotated_slices),
        "software": plain(provenance.software),
    }
    if provenance.case is not None:
        table["case"] = {key: value for key, value in plain_table(provenance.case).items() if value}
    if provenance.estimates:
        table["estimates"] = {name: _muscle_table(estimate) for name, estimate in provenance.estimates.items()}
    if provenance.chosen_because:
        table["chosen_because"] = provenance.chosen_because
    if provenance.grey_scale is not None:
        table["grey_scale"] = plain(provenance.grey_scale)
    if provenance.weights is not None:
        table["weights"] = plain(provenance.weights)
    if provenance.seeds:
        table["seeds"] = plain(provenance.seeds[0] if len(provenance.seeds) == 1 else provenance.seeds)
        table["volume"] = plain(provenance.volume)
    return table


def read_provenance(segmentation: Path) -> RecordedProvenance:
    """The provenance beside a segmentation. A file of somebody else's, or of another version, is no error."""
    try:
        found = json.loads(provenance_path(segmentation).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return RecordedProvenance()
    if not isinstance(found, dict):
        return RecordedProvenance()
    table = cast("dict[str, Json]", found)
    try:
        return RecordedProvenance(table, provenance_of(table))
    except InputError:
        return RecordedProvenance(table)


def provenance_of(table: Mapping[str, Json]) -> Provenance:
    """Provenance out of plain data as `provenance_table` makes it.

    Raises:
        InputError: It is something else.
    """
    parts = structure(_ProvenanceTable, table, "the provenance", ignore_unknown=True)
    name = parts.method.get("name")
    if not isinstance(name, str):
        raise InputError("the method's name in the provenance", f"{name!r}", "Segment again with this version.")
    sources = parts.seeds if isinstance(parts.seeds, tuple) else (parts.seeds,)
    return Provenance(
        name,
        _method_of(parts.method, "the method of the provenance"),
        parts.protocol,
        parts.annotated_slices,
        parts.software,
        parts.chosen_because,
        parts.weights,
        tuple(source for source in sources if source is not None),
        parts.volume,
        {name: _estimate_of(each, "the provenance") for name, each in parts.estimates.items()},
        parts.case,
        parts.grey_scale,
    )


@dataclass(frozen=True)
class _ProvenanceTable:
    """The keys of the file. A result of the library has neither seeds nor a volume that are files."""

    method: Mapping[str, object]
    protocol: str
    annotated_slices: Mapping[str, AnnotatedSlices]
    software: Mapping[str, str]
    chosen_because: str = ""
    weights: WeightsSource | None = None
    seeds: FileSource | tuple[FileSource, ...] | None = None
    volume: FileSource | None = None
    estimates: Mapping[str, object] = field(default_factory=dict[str, object])
    case: CaseFacts | None = None
    grey_scale: GreyScale | None = None


@dataclass(frozen=True)
class _SmoothingTable:
    consecutive_slices_averaged: bool
    border_scatter_mm: float | None
    spline_strength: float
    groups_left_out: int
    cross_validation_error_percent: Mapping[str, float]


@dataclass(frozen=True)
class _MuscleTable:
    """The estimated volume of one muscle; where there is a volume there are its errors, which may be unknown."""

    groups: int
    volume_cm3: float | None = None
    leave_one_out_error_cm3: float | None = None
    leave_one_out_error_percent: float | None = None
    margin_cm3: float | None = field(default=None, metadata=LEFT_OUT)


@dataclass(frozen=True)
class _SelfCheckTable:
    share: float
    hidden_groups: int
    dice_by_share: Mapping[str, float]
    per_muscle: Mapping[str, _SelfCheckTable] = field(default_factory=dict[str, "_SelfCheckTable"], metadata=LEFT_OUT)


def _method_table(method: MethodDescription) -> dict[str, Json]:
    table: dict[str, Json] = {}
    if method.settings:
        table["settings"] = plain(method.settings)
    table |= plain_table(method.details)
    if (smoothing := method.smoothing) is not None:
        table["smoothing"] = plain(
            _SmoothingTable(
                smoothing.average_consecutive,
                _rounded(smoothing.border_scatter_mm, 3),
                smoothing.spline_strength,
                smoothing.groups_left_out,
                {f"{strength:g}": round(error, 2) for strength, error in smoothing.error_percent.items()},
            )
        )
    if method.muscles:
        table["muscles"] = {name: _muscle_table(estimate) for name, estimate in method.muscles.items()}
    if method.prior is not None:
        table["prior"] = _method_table(method.prior)
    if (check := method.self_check) is not None:
        muscles = {name: _self_check_table(own) for name, own in check.muscles.items()}
        table["self_check"] = plain(replace(_self_check_table(check), per_muscle=muscles))
    if method.per_muscle:
        table["per_muscle"] = {name: _method_table(each) for name, each in method.per_muscle.items()}
    return table


def _self_check_table(check: SelfCheck) -> _SelfCheckTable:
    dice = {f"{share:g}": round(mean, 4) for share, mean in check.dice.items()}
    return _SelfCheckTable(check.share, check.hidden_groups, dice)


def _muscle_table(estimate: VolumeEstimate) -> Json:
    if estimate.volume_cm3 is None:
        return {"groups": estimate.groups}
    volume, error = _rounded(estimate.volume_cm3, 3), _rounded(estimate.leave_one_out_error_cm3, 3)
    percent, margin = _rounded(estimate.leave_one_out_error_percent, 2), _rounded(estimate.margin_cm3, 3)
    return plain(_MuscleTable(estimate.groups, volume, error, percent, margin))


def _method_of(table: Mapping[str, object], where: str) -> MethodDescription:
    smoothing, muscles, prior, check = (table.get(key) for key in ("smoothing", "muscles", "prior", "self_check"))
    details = {key: value for key, value in table.items() if key not in _OF_METHOD}
    if isinstance(muscles, list):
        # A network that knows its muscles by name lists them under the same key.
        details["muscles"] = cast("list[object]", muscles)
    estimates: Mapping[str, object] = {} if isinstance(muscles, list) else _table_at(table, "muscles", where)
    per_muscle = _table_at(table, "per_muscle", where)
    return MethodDescription(
        _table_at(table, "settings", where),
        details,
        None if smoothing is None else _smoothing_of(smoothing, where),
        {name: _estimate_of(each, where) for name, each in estimates.items()},
        None if prior is None else _method_of(_table_at(table, "prior", where), f"the prior of {where}"),
        None if check is None else _self_check_of(check, where),
        {name: _method_of(_table_at(per_muscle, name, where), f"{name} of {where}") for name in per_muscle},
    )


def _table_at(table: Mapping[str, object], key: str, where: str) -> Mapping[str, object]:
    found = table.get(key, {})
    if not isinstance(found, Mapping):
        raise InputError(f"a table {key} in {where}", f"{found!r}"[:80], "Segment again with this version.")
    return cast("Mapping[str, object]", found)


def _smoothing_of(data: object, where: str) -> SmoothingChoice:
    found = structure(_SmoothingTable, data, f"smoothing of {where}")
    errors = _by_number(found.cross_validation_error_percent, where)
    return SmoothingChoice(
        found.consecutive_slices_averaged, found.spline_strength, found.border_scatter_mm, found.groups_left_out, errors
    )


def _estimate_of(data: object, where: str) -> VolumeEstimate:
    found = structure(_MuscleTable, data, f"muscles of {where}", ignore_unknown=True)
    return VolumeEstimate(
        found.groups, found.volume_cm3, found.leave_one_out_error_cm3, found.leave_one_out_error_percent, found.margin_cm3
    )


def _self_check_of(data: object, where: str) -> SelfCheck:
    return _self_check_from(structure(_SelfCheckTable, data, f"self_check of {where}"), where)


def _self_check_from(found: _SelfCheckTable, where: str) -> SelfCheck:
    muscles = {name: _self_check_from(own, where) for name, own in found.per_muscle.items()}
    return SelfCheck(found.share, _by_number(found.dice_by_share, where), found.hidden_groups, muscles)


def _by_number(table: Mapping[str, float], where: str) -> dict[float, float]:
    try:
        return {float(key): value for key, value in table.items()}
    except ValueError as error:
        raise InputError(f"numbers as keys in {where}", f"'{error}'", "Segment again with this version.") from error


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
