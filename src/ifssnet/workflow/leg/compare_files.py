"""`ifss compare`: a segmentation against a reference, from files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ifssnet.core.segmentation import Json
from ifssnet.io.open import open_labels
from ifssnet.measurement.compare import compare
from ifssnet.workflow.files.opener import open_seeds
from ifssnet.workflow.files.provenance import software, source
from ifssnet.workflow.files.result_files import RESULTS, check_suffix, check_target, write_csv, write_report


def compare_files(
    segmentation: Path,
    reference: Path,
    without: Path | None = None,
    *,
    per_slice: Path | None = None,
    output: Path | None = None,
    force: bool = False,
) -> dict[str, Any]:
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
    for target in (per_slice, output):
        if target is not None:
            check_target(target, force, segmentation, reference, without)
            check_suffix(target, (".csv",) if target is per_slice else RESULTS)
    truth = open_labels(reference)
    left_out: dict[str, tuple[int, ...]] = {}
    if without is not None:
        seeds = open_seeds(without, truth.grid)
        left_out = {seeds.name(label): seeds.slices(label) for label in seeds.labels}
    found = compare(open_labels(segmentation), truth, left_out, per_slice=per_slice is not None)
    provenance: dict[str, Json] = {
        "segmentation": source(segmentation),
        "reference": source(reference),
        "left_out": None
        if without is None
        else {"seeds": source(without), "slices": {k: list(v) for k, v in left_out.items()}},
        "software": software(),
    }
    report = replace(found, provenance=provenance)
    if per_slice is not None:
        rows: list[dict[str, Any]] = [
            {"muscle": name, **row}
            for name, muscle in report.muscles.items()
            for row in muscle["per_slice"]  # type: ignore[union-attr]
        ]
        columns = list(rows[0])
        write_csv(columns, ([row.get(column) for column in columns] for row in rows), per_slice, force)
    if output is not None:
        write_report(report, output, force)
    return report.as_dict()
