"""`ifss report`: everything that one page shows, gathered."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from ifssnet.compounding.preflight.volume_checks import check_volume
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.findings import Finding
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.measures import AcsaProfile, LegMeasures, MeasureOptions
from ifssnet.core.muscles import color_of
from ifssnet.core.progress import Progress
from ifssnet.core.seeds import Seeds
from ifssnet.figures.leg_report.content import ComparedMethod, ReportContent, VolumeEstimate
from ifssnet.figures.leg_report.report import report_html
from ifssnet.figures.rendering.axis_letters import ANATOMICAL, UNKNOWN_AXES
from ifssnet.figures.rendering.muscle_surface import MuscleSurface
from ifssnet.geometry.axis_order import AS_STORED
from ifssnet.geometry.resample import comparable
from ifssnet.geometry.surface import surface_of
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.plain_data import Json
from ifssnet.io.seeds.drawing_axis import plane_name
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.storage.provenance import RecordedProvenance, read_provenance
from ifssnet.io.volumes.recorded_findings import recorded_findings
from ifssnet.measurement.compare import compare
from ifssnet.measurement.completeness import completeness_findings
from ifssnet.measurement.muscles import measure
from ifssnet.measurement.surface_error import surface_error_mm
from ifssnet.measurement.unseen import unseen_findings
from ifssnet.workflow.files.opener import open_seeds
from ifssnet.workflow.files.provenance import software, source
from ifssnet.workflow.files.result_files import check_target
from ifssnet.workflow.leg.case import in_order
from ifssnet.workflow.report.outlined_slices import even_places, outlined_slice
from ifssnet.workflow.report.side_by_side import OtherSegmentation, compared_methods, method_name

Side: TypeAlias = Literal["left", "right"]
SURFACE_FACES = 24_000
"""Triangles a muscle in the page's 3-D view: smooth to the eye, some hundred kB a muscle."""


@dataclass(frozen=True, eq=False)
class ReportedLeg:
    """The leg that a report is about, read from its files.

    Attributes:
        labels: The segmentation.
        volume: Grey levels on its grid, if given.
        reference: What it ought to be, on its grid, if given.
        seeds: What the expert drew, if given.
        recorded: How the segmentation was made, where that lies beside it.
    """

    labels: LabelMap
    volume: Volume | None
    reference: LabelMap | None
    seeds: Seeds | None
    recorded: RecordedProvenance


@dataclass(frozen=True)
class WrittenPage:
    """A page that was written.

    Attributes:
        output: Where it lies.
        bytes: Its size.
    """

    output: Path
    bytes: int


def report_files(
    segmentation: Path,
    output: Path,
    volume_path: Path | None = None,
    reference_path: Path | None = None,
    seeds_path: Path | None = None,
    *,
    others: Sequence[OtherSegmentation] = (),
    name: str | None = None,
    note: str = "",
    title: str | None = None,
    slices: int = 12,
    side: Side | None = None,
    patient_axes: bool | None = None,
    force: bool = False,
) -> Generator[Progress, None, WrittenPage]:
    """Write the report of one leg.

    Args:
        segmentation: The label map.
        output: The page.
        volume_path: Grey levels that the slices show.
        reference_path: What it ought to be.
        seeds_path: What the expert drew.
        others: Segmentations of the same leg by other methods, which stand beside this one; they need a reference.
        name: The name of this one's method, then; None: as its provenance has it.
        note: What a reader has to know of it, then.
        title: The page's heading; None: the segmentation's name.
        slices: How many slices to show.
        side: Which leg, where known.
        patient_axes: Whether the grid's axes are the patient's; None: yes, but for volumes that we compounded, whose axes
            are the tracker's.
        force: Replace a page that is there.

    Raises:
        InputError: Something cannot be read, does not fit, or cannot be written.
    """
    check_target(output, force)
    if others and reference_path is None:
        raise InputError("a reference to hold several methods against", "none", "Give it, or leave out the other methods.")
    stages = 6
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        leg = read_leg(segmentation, volume_path, reference_path, seeds_path)
        yield Progress("writing the report", 1, stages)
        measures = measure(leg.labels, leg.volume)
        yield Progress("writing the report", 2, stages)
        agreement = None if leg.reference is None else compare(leg.labels, leg.reference)
        truth = None if leg.reference is None else measure(leg.reference, None, MeasureOptions(mesh=False))
        yield Progress("writing the report", 3, stages)
        methods = []
        if others and leg.reference is not None and agreement is not None:
            first = ComparedMethod(name or method_name(leg.recorded, segmentation), agreement, note=note)
            methods = compared_methods(first, leg.labels, others, leg.reference, leg.volume, leg.seeds)
        surfaces = muscle_surfaces(leg)
        yield Progress("writing the report", 4, stages)
    provenance: dict[str, Json] = {
        **leg.recorded.table,
        "report": {
            "segmentation": source(segmentation),
            "volume": None if volume_path is None else source(volume_path),
            "reference": None if reference_path is None else source(reference_path),
            "seeds": None if seeds_path is None else source(seeds_path),
            "others": {other.name: source(other.path) for other in others},
            "software": software(),
        },
    }
    content = ReportContent(
        title=title or segmentation.name.split(".")[0],
        grid=leg.labels.grid,
        muscles=measures.muscles,
        reference_profiles={} if truth is None else _profiles(truth),
        slices=[outlined_slice(z, leg.labels, leg.volume, leg.reference, leg.seeds) for z in even_places(leg.labels, slices)],
        surfaces=surfaces,
        agreement=agreement,
        methods=methods,
        colors=_colors(leg.labels),
        annotated_slices={}
        if leg.seeds is None
        else {leg.seeds.name(label): leg.seeds.slices(label) for label in leg.seeds.labels},
        findings=leg_findings(leg, measures),
        estimates=_estimates(leg.recorded),
        provenance=provenance,
        warnings=tuple(dict.fromkeys(str(each.message) for each in caught)),
        axes=ANATOMICAL if _knows_the_patient(leg, patient_axes) else UNKNOWN_AXES,
        side=side,
        reference_name="" if reference_path is None else reference_path.name,
        version=str(software()["ifssnet"]),
    )
    page = report_html(content)
    yield Progress("writing the report", 5, stages)
    with atomic_path(output, force=force) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")
    yield Progress("writing the report", 6, stages)
    return WrittenPage(output, len(page.encode()))


def read_leg(segmentation: Path, volume: Path | None, reference: Path | None, seeds: Path | None) -> ReportedLeg:
    """Read what a report is about, all onto the segmentation's grid."""
    labels = open_labels(segmentation)
    grey = None if volume is None else open_volume(volume)
    if grey is not None and not grey.grid.matches(labels.grid):
        labels = comparable(labels, LabelMap(np.zeros(grey.grid.shape_zyx, np.uint8), grey.grid, {}), segmentation.name)
    truth = None if reference is None else open_labels(reference)
    if truth is not None:
        truth = comparable(truth, labels, "the reference")
    drawn = None if seeds is None else open_seeds(seeds, labels.grid)
    if drawn is not None and drawn.axes != AS_STORED:
        plane = plane_name(labels.grid, drawn.axes[0])
        what = f"The muscles were drawn on {plane} planes, which are not the slices shown here: they are not marked on them"
        warnings.warn(InputWarning(f"{what}."), stacklevel=2)
        drawn = None
    return ReportedLeg(labels, grey, truth, drawn, read_provenance(segmentation))


def _knows_the_patient(leg: ReportedLeg, said: bool | None) -> bool:
    if said is not None:
        return said
    return leg.volume is None or "ifss_compounding" not in leg.volume.header


def muscle_surfaces(leg: ReportedLeg) -> list[MuscleSurface]:
    """Each muscle's surface, with its distance to the reference's at every vertex where there is one."""
    surfaces: list[MuscleSurface] = []
    for value in in_order(leg.labels):
        if not (leg.labels.array == value).any():
            continue
        surface = surface_of(leg.labels, value, max_faces=SURFACE_FACES)
        error = None
        if leg.reference is not None and leg.labels.names[value] in leg.reference.names.values():
            there = leg.reference.value_of(leg.labels.names[value])
            error = surface_error_mm(surface, leg.reference, there)
        surfaces.append(MuscleSurface(surface, error))
    return surfaces


def _profiles(measures: LegMeasures) -> dict[str, AcsaProfile]:
    return {name: muscle.profile for name, muscle in measures.muscles.items() if muscle.profile is not None}


def leg_findings(leg: ReportedLeg, measures: LegMeasures) -> list[Finding] | None:
    """Muscles that are not whole, the findings about the recordings where they are on record, and those about the voxels.

    None where there is no volume to check and every muscle is whole.
    """
    cut = completeness_findings(leg.labels)
    if leg.volume is None:
        return list(cut) or None
    unseen = unseen_findings(measures)
    return [*cut, *unseen, *(recorded_findings(leg.volume) or ()), *check_volume(leg.volume, leg.labels)]


def _colors(labels: LabelMap) -> dict[str, tuple[int, int, int]]:
    return {
        labels.names[value]: labels.colors.get(value, color_of(labels.names[value], place))
        for place, value in enumerate(in_order(labels))
    }


def _estimates(recorded: RecordedProvenance) -> dict[str, VolumeEstimate]:
    """The volume that the annotated slices alone suggest, where the method estimates one."""
    if recorded.provenance is None:
        return {}
    return {
        name: VolumeEstimate(each.volume_cm3, each.leave_one_out_error_percent)
        for name, each in recorded.provenance.method.muscles.items()
        if each.volume_cm3 is not None
    }
