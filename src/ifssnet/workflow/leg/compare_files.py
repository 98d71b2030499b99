"""`ifss compare`: a segmentation against a reference, from files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.images import EMPTY_NAMES, LabelMap, renamed_of
from ifssnet.core.results.agreement import LegAgreement
from ifssnet.io.open import open_label_layers
from ifssnet.io.plain_data import Json
from ifssnet.io.result_tables import SUFFIXES, agreement_rows, agreement_table, save_table
from ifssnet.measurement.layers import compare_layers
from ifssnet.workflow.files.opener import open_seeds
from ifssnet.workflow.files.provenance import software, source
from ifssnet.workflow.files.result_files import check_apart, check_suffix, check_target, write_csv


@dataclass(frozen=True, eq=False)
class ComparedLeg:
    """A leg that was compared with its reference, from files.

    Attributes:
        agreement: How well they agree.
        sources: The files that were read, the slices that did not count, and the software that compared.
    """

    agreement: LegAgreement
    sources: Mapping[str, Json]


def compare_files(
    segmentation: Path,
    reference: Path,
    without: Path | None = None,
    *,
    per_slice: Path | None = None,
    output: Path | None = None,
    force: bool = False,
    names: Mapping[int, str] = EMPTY_NAMES,
) -> ComparedLeg:
    """Compare two label maps, muscle by muscle.

    Args:
        segmentation: What was found.
        reference: What it ought to be.
        without: Seeds whose annotated slices do not count.
        per_slice: A CSV for the metrics of every slice.
        output: A `.json` or `.csv` for the answer.
        force: Replace files that are there.
        names: Names of label values, for those of the two label maps that hold none.

    Raises:
        InputError: Something cannot be read, compared or written.
    """
    check_apart(per_slice, output)
    for target in (per_slice, output):
        if target is not None:
            check_suffix(target, (".csv",) if target is per_slice else SUFFIXES)
            check_target(target, force, segmentation, reference, without)
    found_layers, truths = _named((open_label_layers(segmentation), open_label_layers(reference)), names)
    left_out: dict[str, tuple[int, ...]] = {}
    axis = None
    if without is not None:
        seeds = open_seeds(without, truths[0].grid)
        left_out = {seeds.name(label): seeds.slices(label) for label in seeds.labels}
        axis = seeds.axes[0]
    agreement = compare_layers(found_layers, truths, left_out, per_slice=per_slice is not None, axis=axis)
    sources: dict[str, Json] = {
        "segmentation": source(segmentation),
        "reference": source(reference),
        "left_out": None if without is None else {"seeds": source(without), "slices": left_out},
        "software": software(),
    }
    found = ComparedLeg(agreement, sources)
    if per_slice is not None:
        rows = [
            {"muscle": name, **each.numbers()} for name, muscle in agreement.muscles.items() for each in muscle.per_slice or ()
        ]
        write_csv(list(rows[0]), (list(row.values()) for row in rows), per_slice, force)
    if output is not None:
        save_table(compared_table(found), agreement_rows(agreement), output, force)
    return found


def _named(
    maps: tuple[tuple[LabelMap, ...], tuple[LabelMap, ...]], names: Mapping[int, str]
) -> tuple[tuple[LabelMap, ...], tuple[LabelMap, ...]]:
    """Both with names for the values that have none; a name that a file gives stays, as the other file may use the value too.

    Raises:
        InputError: A name for a value that has one in both, or that neither has.
    """
    unnamed = {value for layers in maps for layer in layers for value, name in layer.names.items() if name == str(value)}
    if useless := sorted(set(names) - unnamed):
        listed = ", ".join(map(str, sorted(unnamed)[:12])) or "(none)"
        raise InputError(f"names for the label values without one: {listed}", f"a name for {useless[0]}", "Correct --names.")
    named = [
        tuple(
            renamed_of(each, {value: name for value, name in names.items() if each.names.get(value) == str(value)})
            for each in layers
        )
        for layers in maps
    ]
    return named[0], named[1]


def compared_table(found: ComparedLeg) -> dict[str, Json]:
    """The answer as plain data."""
    return {**agreement_table(found.agreement), "provenance": found.sources}
