"""`ifss compare`: a segmentation against a reference, from files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
) -> ComparedLeg:
    """Compare two label maps, muscle by muscle.

    Args:
        segmentation: What was found.
        reference: What it ought to be.
        without: Seeds whose annotated slices do not count.
        per_slice: A CSV for the metrics of every slice.
        output: A `.json` or `.csv` for the answer.
        force: Replace files that are there.

    Raises:
        InputError: Something cannot be read, compared or written.
    """
    check_apart(per_slice, output)
    for target in (per_slice, output):
        if target is not None:
            check_suffix(target, (".csv",) if target is per_slice else SUFFIXES)
            check_target(target, force, segmentation, reference, without)
    truths = open_label_layers(reference)
    left_out: dict[str, tuple[int, ...]] = {}
    axis = None
    if without is not None:
        seeds = open_seeds(without, truths[0].grid)
        left_out = {seeds.name(label): seeds.slices(label) for label in seeds.labels}
        axis = seeds.axes[0]
    agreement = compare_layers(open_label_layers(segmentation), truths, left_out, per_slice=per_slice is not None, axis=axis)
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


def compared_table(found: ComparedLeg) -> dict[str, Json]:
    """The answer as plain data."""
    return {**agreement_table(found.agreement), "provenance": found.sources}
