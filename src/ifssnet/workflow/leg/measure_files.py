"""`ifss measure`: numbers of one leg, or of two against each other, from files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.images import EMPTY_NAMES, LabelMap, Volume, renamed_layers
from ifssnet.core.results.change import VolumeChange
from ifssnet.core.results.measures import LegMeasures, MeasureOptions
from ifssnet.io.open import open_label_layers, open_volume
from ifssnet.io.plain_data import Json, plain, plain_table
from ifssnet.io.result_tables import SUFFIXES, measures_rows, measures_table, save_table
from ifssnet.io.storage.provenance import read_provenance
from ifssnet.measurement.checks.grey_scale import grey_scale_findings
from ifssnet.measurement.layers import completeness_of_layers, measure_layers
from ifssnet.measurement.leg.change import differences
from ifssnet.measurement.leg.intervals import with_intervals
from ifssnet.measurement.leg.muscles import measure_findings
from ifssnet.measurement.leg.unseen import unseen_findings
from ifssnet.workflow.files.profile import Stopwatch, size_of
from ifssnet.workflow.files.provenance import software, source
from ifssnet.workflow.files.result_files import DICOM_SUFFIX, check_apart, check_suffix, check_target


@dataclass(frozen=True, eq=False)
class MeasuredLeg:
    """A leg that was measured from files, by itself or against another.

    Attributes:
        measures: What it measures.
        sources: The files that were read, and the software that measured.
        against: What the other leg, or the same leg at another time, measures.
        differences: Muscle's name to its difference from the other leg.
        findings: What a person has to know before using the numbers, such as a muscle that is cut.
    """

    measures: LegMeasures
    sources: Mapping[str, Json]
    against: LegMeasures | None = None
    differences: Mapping[str, VolumeChange] = field(default_factory=dict[str, VolumeChange])
    findings: tuple[Finding, ...] = ()


def measure_files(
    segmentation: Path,
    volume: Path | None = None,
    against: Path | None = None,
    mdc_cm3: float | None = None,
    *,
    options: MeasureOptions | None = None,
    output: Path | None = None,
    force: bool = False,
    names: Mapping[int, str] = EMPTY_NAMES,
    profile: Path | None = None,
) -> MeasuredLeg:
    """Measure each muscle of a label map.

    Args:
        segmentation: The label map.
        volume: Grey levels, for echo intensity.
        against: Another label map, of the other leg or of another time.
        mdc_cm3: Minimal detectable change that differences are set against.
        options: What is measured, and how.
        output: A `.json` or `.csv` for the answer; or a `.dcm` for a structured report of the volumes of a DICOM
            segmentation.
        force: Replace a file that is there.
        names: Names of label values, for files that hold none.
        profile: Where to write what each stage took.

    Raises:
        InputError: Something cannot be read, measured or written.
    """
    watch = Stopwatch("measure")
    if mdc_cm3 is not None and against is None:
        raise InputError("--against with --mdc", "no second segmentation", "Say what the first is set against.")
    if mdc_cm3 is not None and not mdc_cm3 > 0:
        raise InputError("a minimal detectable change above 0 cm3", f"{mdc_cm3:g}", "Give it in cm3.")
    if output is not None:
        check_suffix(output, (*SUFFIXES, DICOM_SUFFIX))
        check_target(output, force, segmentation, volume, against)
    check_apart(output, profile)
    if profile is not None:
        check_target(profile, force, segmentation, volume, against)
    layers = renamed_layers(open_label_layers(segmentation), names)
    watch.work |= size_of(layers[0].grid, sum(len(layer.names) for layer in layers))
    watch.lap("reading the segmentation")
    grey = None if volume is None else open_volume(volume)
    watch.lap("reading the volume")
    measures = _measured(segmentation, layers, grey, options)
    watch.lap("measuring")
    scaled = grey_scale_findings(measures.grey_scale)
    grid = layers[0].grid
    findings = (*scaled, *completeness_of_layers(layers), *unseen_findings(measures), *measure_findings(measures, grid))
    sources: dict[str, Json] = {
        "segmentation": source(segmentation),
        "volume": None if volume is None else source(volume),
        "software": software(),
    }
    found = MeasuredLeg(measures, sources, findings=findings)
    if against is not None:
        other = _measured(against, renamed_layers(open_label_layers(against), names), None, options)
        found = MeasuredLeg(measures, sources, other, differences(measures, other, mdc_cm3), findings)
        watch.lap("measuring the other one")
    if output is not None and output.suffix.lower() == DICOM_SUFFIX:
        # What writes DICOM takes half a second to load.
        from ifssnet.workflow.leg.dicom_files import save_dicom_report

        save_dicom_report(segmentation, {name: each.volume_cm3 for name, each in measures.muscles.items()}, output, force)
    elif output is not None:
        save_table(measured_table(found), _rows(found), output, force)
    watch.write(profile, force)
    return found


def _measured(path: Path, layers: tuple[LabelMap, ...], volume: Volume | None, options: MeasureOptions | None) -> LegMeasures:
    """What a segmentation measures, with the intervals of its volumes where its provenance lies beside it."""
    recorded = read_provenance(path).provenance
    estimates = {} if recorded is None else recorded.volume_estimates()
    return with_intervals(measure_layers(layers, volume, options), estimates)


def measured_table(found: MeasuredLeg) -> dict[str, Json]:
    """The answer as plain data."""
    table = measures_table(found.measures)
    table["provenance"] = {**plain_table(table["provenance"]), **found.sources}
    if found.findings:
        table["findings"] = plain(found.findings)
    if found.against is not None:
        table |= {
            "against": measures_table(found.against),
            "differences": plain_table({name: change.numbers() for name, change in found.differences.items()}),
        }
    return table


def _rows(found: MeasuredLeg) -> dict[str, dict[str, Json]]:
    """Each muscle's measures, then its difference; the volume stands among the measures already."""
    changes = {name: plain_table(change.numbers()) for name, change in found.differences.items()}
    return {
        name: {**numbers, **{key: value for key, value in changes.get(name, {}).items() if key != "volume_cm3"}}
        for name, numbers in measures_rows(found.measures).items()
    }
