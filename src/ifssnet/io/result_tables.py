"""Measures and agreements as files: JSON with everything, or CSV with one line a muscle and quantity."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.results.agreement import LegAgreement, MuscleAgreement
from ifssnet.core.results.measures import LegMeasures, MuscleMeasures
from ifssnet.io.plain_data import Json, finite, plain_table
from ifssnet.io.storage.atomic import atomic_path

SUFFIXES = (".json", ".csv")
"""What numbers are written as."""

Rows = Mapping[str, Mapping[str, Json]]
"""Muscle's name, or "mean", to quantity to value."""


def save_measures(measures: LegMeasures, target: Path, force: bool = False) -> None:
    """Write what a leg measures, by the target's suffix; profiles are left to the JSON.

    Raises:
        InputError: Another suffix than `.json` or `.csv`, or a target that exists or cannot be written.
    """
    save_table(measures_table(measures), measures_rows(measures), target, force)


def save_agreement(agreement: LegAgreement, target: Path, force: bool = False) -> None:
    """Write how well a leg agrees with its reference, by the target's suffix; single slices are left to the JSON.

    Raises:
        InputError: Another suffix than `.json` or `.csv`, or a target that exists or cannot be written.
    """
    save_table(agreement_table(agreement), agreement_rows(agreement), target, force)


def save_table(table: Mapping[str, Json], rows: Rows, target: Path, force: bool = False) -> None:
    """Write the table as `.json`, or the rows as `.csv`, beside the target and moved into place.

    Raises:
        InputError: Another suffix, or a target that exists or cannot be written.
    """
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"a name that ends in {' or '.join(SUFFIXES)}", f"{target.name}", "Choose one of these.")
    with atomic_path(target, force=force) as partial:
        if suffix == ".json":
            partial.write_text(
                json.dumps(finite(table), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
                encoding="utf-8",
                newline="\n",
            )
            return
        with partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(("muscle", "quantity", "value"))
            writer.writerows(_lines(rows))


def measures_table(measures: LegMeasures) -> dict[str, Json]:
    """What a leg measures as plain data: NaN is None, and what was not measured is left out."""
    provenance: dict[str, Json] = {"slice_axis": "zyx"[measures.slice_axis], "cone_slices": measures.options.cone_slices}
    if (echo := measures.options.echo) is not None:
        provenance["echo"] = {"probe_side": echo.probe_side, "erosion_mm": echo.erosion_mm, "band_mm": echo.band_mm}
    if measures.grey_scale is not None:
        provenance["grey_scale"] = plain_table(measures.grey_scale)
    muscles = {name: _muscle(muscle, measures.options.oblique) for name, muscle in measures.muscles.items()}
    return plain_table({"muscles": muscles, "provenance": provenance})


def measures_rows(measures: LegMeasures) -> Rows:
    """The same without the profiles, as rows for a CSV."""
    return {name: muscle.numbers() for name, muscle in measures.muscles.items()}


def agreement_table(agreement: LegAgreement) -> dict[str, Json]:
    """How well a leg agrees with its reference as plain data: an infinite number is None."""
    provenance: dict[str, object] = {"grid_shape_zyx": agreement.grid_shape_zyx}
    if agreement.left_out_slices:
        provenance["left_out_slices"] = agreement.left_out_slices
    muscles = {name: _agreement(muscle) for name, muscle in agreement.muscles.items()}
    return plain_table({"muscles": muscles, "mean": agreement.mean.numbers(), "provenance": provenance})


def agreement_rows(agreement: LegAgreement) -> Rows:
    """The same without single slices, as rows for a CSV, the mean last."""
    return {**{name: muscle.numbers() for name, muscle in agreement.muscles.items()}, "mean": agreement.mean.numbers()}


def _muscle(measures: MuscleMeasures, oblique: bool) -> dict[str, object]:
    profile = measures.profile
    if profile is None:
        return {**measures.numbers()}
    lines = {
        "z": profile.z,
        "position_mm": profile.position_mm,
        "percent_of_length": profile.percent_of_length,
        "acsa_cm2": profile.acsa_cm2,
        "centroid_mm": profile.centroid_mm,
        "acsa_across_cm2": profile.acsa_across_cm2 if oblique else None,
        "obliquity_deg": profile.obliquity_deg if oblique else None,
        "echo_intensity": profile.echo_intensity,
        "echo_intensity_eroded": profile.echo_intensity_eroded,
        "echo_intensity_superficial": profile.echo_intensity_superficial,
    }
    return {**measures.numbers(), "profile": {name: line for name, line in lines.items() if line is not None}}


def _agreement(muscle: MuscleAgreement) -> dict[str, object]:
    slices = {} if muscle.per_slice is None else {"per_slice": [each.numbers() for each in muscle.per_slice]}
    return {**muscle.numbers(), **slices}


def _lines(rows: Rows) -> Iterator[tuple[str, str, Json]]:
    for name, quantities in rows.items():
        for quantity, value in quantities.items():
            written = finite(value)
            yield name, quantity, "" if written is None else written
