"""`ifss measure`: numbers of one leg, or of two against each other, from files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ifssnet.core.errors import InputError
from ifssnet.core.report import finite
from ifssnet.core.segmentation import Json
from ifssnet.io.open import open_labels, open_volume
from ifssnet.measurement.change import differences
from ifssnet.measurement.muscles import MeasureOptions, measure
from ifssnet.workflow.files.provenance import software, source
from ifssnet.workflow.files.result_files import RESULTS, check_suffix, check_target, write_json, write_report


def measure_files(
    segmentation: Path,
    volume: Path | None = None,
    against: Path | None = None,
    mdc_cm3: float | None = None,
    *,
    options: MeasureOptions | None = None,
    output: Path | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Measure each muscle of a label map.

    Args:
        segmentation: The label map.
        volume: Grey levels, for echo intensity.
        against: Another label map, of the other leg or of another time.
        mdc_cm3: Minimal detectable change that differences are set against.
        options: What is measured, and how.
        output: A `.json` or `.csv` for the answer.
        force: Replace a file that is there.

    Raises:
        InputError: Something cannot be read, measured or written.
    """
    if mdc_cm3 is not None and against is None:
        raise InputError("--against with --mdc", "no second segmentation", "Say what the first is set against.")
    if mdc_cm3 is not None and not mdc_cm3 > 0:
        raise InputError("a minimal detectable change above 0 cm3", f"{mdc_cm3:g}", "Give it in cm3.")
    if output is not None:
        check_target(output, force, segmentation, volume, against)
        check_suffix(output, RESULTS)
    options = MeasureOptions() if options is None else options
    grey = None if volume is None else open_volume(volume)
    found = measure(open_labels(segmentation), grey, options)
    provenance: dict[str, Json] = {
        **found.provenance,
        "segmentation": source(segmentation),
        "volume": None if volume is None else source(volume),
        "software": software(),
    }
    report = replace(found, provenance=provenance)
    if against is None:
        if output is not None:
            write_report(report, output, force)
        return report.as_dict()
    other = measure(open_labels(against), None, options)
    changes = {name: finite(change) for name, change in differences(report, other, mdc_cm3).items()}
    whole: dict[str, Any] = {**report.as_dict(), "against": other.as_dict(), "differences": changes}
    if output is not None and output.suffix.lower() == ".json":
        write_json(whole, output, force)
    elif output is not None:
        joined = {name: {**muscle, **_flat(changes.get(name))} for name, muscle in report.muscles.items()}
        write_report(replace(report, muscles=joined), output, force)
    return whole


def _flat(change: Json) -> dict[str, Json]:
    return {key: value for key, value in change.items() if key != "volume_cm3"} if isinstance(change, dict) else {}
