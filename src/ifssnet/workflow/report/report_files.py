"""`ifss report`: everything that one page shows, gathered."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap, Surface
from ifssnet.core.muscles import color_of
from ifssnet.core.progress import Progress
from ifssnet.core.provenance import BodySide
from ifssnet.core.results.measures import AcsaProfile, LegMeasures, MeasureOptions
from ifssnet.figures.leg_report.content import ComparedMethod, ReportContent
from ifssnet.figures.leg_report.report import report_html
from ifssnet.figures.rendering.axis_letters import ANATOMICAL, UNKNOWN_AXES
from ifssnet.figures.rendering.muscle_surface import MuscleSurface
from ifssnet.geometry.masks.box import Box
from ifssnet.geometry.surfaces.surface import surface_and_coarser, surface_of
from ifssnet.io.plain_data import Json
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.volumes.recorded_findings import recorded_pressures
from ifssnet.measurement.checks.scanned_edge import MuscleCoverage
from ifssnet.measurement.layers import compare_layers, coverage_of_layers, measure_layers
from ifssnet.measurement.leg.intervals import with_intervals
from ifssnet.measurement.reference.surface_error import surface_error_mm
from ifssnet.workflow.files.opener import AS_DRAWN, SeedReading
from ifssnet.workflow.files.profile import Stopwatch, size_of
from ifssnet.workflow.files.provenance import software, source
from ifssnet.workflow.files.result_files import check_apart, check_target
from ifssnet.workflow.leg.case import structures_in_order
from ifssnet.workflow.report.outlined_slices import even_places, outlined_slice
from ifssnet.workflow.report.recorded_facts import (
    case_of,
    estimated_volumes,
    expert_record,
    network_of,
    self_checks,
    shown_estimates,
)
from ifssnet.workflow.report.reported_leg import ReportedLeg, knows_the_patient, leg_findings, read_leg
from ifssnet.workflow.report.side_by_side import OtherSegmentation, compared_methods, method_name

SURFACE_FACES = 24_000
"""Triangles a muscle in the page's 3-D view: smooth to the eye, some hundred kB a muscle."""


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
    seeds_path: Path | Sequence[Path] | None = None,
    *,
    others: Sequence[OtherSegmentation] = (),
    name: str | None = None,
    note: str = "",
    title: str | None = None,
    slices: int = 12,
    subject: str = "",
    side: BodySide | None = None,
    rater: str = "",
    patient_axes: bool | None = None,
    force: bool = False,
    reading: SeedReading = AS_DRAWN,
    profile: Path | None = None,
) -> Generator[Progress, None, WrittenPage]:
    """Write the report of one leg.

    Args:
        segmentation: The label map.
        output: The page.
        volume_path: Grey levels that the slices show.
        reference_path: What it ought to be.
        seeds_path: What the expert drew, in one file or several.
        others: Segmentations of the same leg by other methods, which stand beside this one; they need a reference.
        name: The name of this one's method, then; None: as its provenance has it.
        note: What a reader has to know of it, then.
        title: The page's heading; None: the segmentation's name.
        slices: How many slices to show.
        subject: Whose leg it is; empty: as provenance has it, as for the next two.
        side: Which leg, where known.
        rater: Who drew.
        patient_axes: Whether the grid's axes are the patient's; None: where the muscles lie as they then must.
        force: Replace a page that is there.
        reading: How the seeds are taken, corrections among them.
        profile: Where to write what each stage took.

    Raises:
        InputError: Something cannot be read, does not fit, contradicts provenance, or cannot be written.
    """
    watch = Stopwatch("report")
    check_target(output, force)
    check_apart(output, profile)
    drawn = [seeds_path] if isinstance(seeds_path, Path) else list(seeds_path or ())
    if others and reference_path is None:
        raise InputError("a reference to hold several methods against", "none", "Give it, or leave out the other methods.")
    if profile is not None:
        check_target(profile, force, segmentation, volume_path, reference_path, *drawn, *reading.corrections)
    stages = 6
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        leg = read_leg(segmentation, volume_path, reference_path, drawn, reading)
        watch.work |= size_of(leg.grid, sum(len(layer.names) for layer in leg.layers))
        watch.lap("reading the files")
        yield Progress("writing the report", 1, stages)
        estimates = estimated_volumes(leg.recorded, leg.seeds)
        watch.lap("estimating volumes from the annotated slices")
        shown = ShownSurfaces(leg.layers)
        measures = with_intervals(measure_layers(leg.layers, leg.volume, surface=shown.measured), estimates)
        watch.lap("measuring")
        yield Progress("writing the report", 2, stages)
        agreement = compare_layers(leg.layers, leg.references) if leg.references else None
        truth = measure_layers(leg.references, None, MeasureOptions(mesh=False)) if leg.references else None
        watch.lap("comparing with the reference")
        yield Progress("writing the report", 3, stages)
        methods = []
        if others and agreement is not None:
            first = ComparedMethod(name or method_name(leg.recorded, segmentation), agreement, note=note)
            methods = compared_methods(first, leg.layers, others, leg.references, leg.volume, leg.seeds)
        surfaces = muscle_surfaces(leg, shown)
        coverage: Mapping[str, MuscleCoverage] = {} if leg.volume is None else coverage_of_layers(leg.layers, leg.volume)
        watch.lap("surfaces, and what was scanned")
        yield Progress("writing the report", 4, stages)
    case = case_of(leg.recorded, subject, side, rater)
    axes = ANATOMICAL if knows_the_patient(leg, patient_axes) else UNKNOWN_AXES
    provenance: dict[str, Json] = {
        **leg.recorded.table,
        "report": {
            "segmentation": source(segmentation),
            "volume": None if volume_path is None else source(volume_path),
            "reference": None if reference_path is None else source(reference_path),
            "seeds": _seed_sources([*drawn, *reading.corrections]),
            "others": {other.name: source(other.path) for other in others},
            "software": software(),
        },
    }
    content = ReportContent(
        title=title or segmentation.name.split(".")[0],
        grid=leg.grid,
        muscles=measures.muscles,
        reference_profiles={} if truth is None else _profiles(truth),
        slices=[outlined_slice(z, leg.layers, leg.volume, leg.references, leg.seeds) for z in even_places(leg.layers, slices)],
        surfaces=surfaces,
        agreement=agreement,
        methods=methods,
        colors=_colors(leg.layers),
        annotated_slices={}
        if leg.seeds is None
        else {leg.seeds.name(label): leg.seeds.slices(label) for label in leg.seeds.labels},
        findings=leg_findings(leg, measures, coverage, case.side if axes == ANATOMICAL else None),
        estimates=shown_estimates(estimates, leg.recorded),
        network=network_of(leg.recorded),
        self_checks=self_checks(leg.recorded),
        expert=expert_record(leg.recorded),
        pressures=() if leg.volume is None else recorded_pressures(leg.volume),
        coverage=coverage,
        case=case,
        provenance=provenance,
        warnings=tuple(dict.fromkeys(str(each.message) for each in caught)),
        axes=axes,
        side=case.side,
        made_at="" if case.analysed_at else datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        reference_name="" if reference_path is None else reference_path.name,
        version=str(software()["ifssnet"]),
    )
    watch.lap("gathering, and checking the volume")
    page = report_html(content)
    watch.lap("drawing the page")
    yield Progress("writing the report", 5, stages)
    with atomic_path(output, force=force) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")
    watch.write(profile, force)
    yield Progress("writing the report", 6, stages)
    return WrittenPage(output, len(page.encode()))


def _seed_sources(paths: Sequence[Path]) -> Json:
    """The seeds as provenance names them: a table for one file, a list of tables for several."""
    return None if not paths else source(paths[0]) if len(paths) == 1 else [source(path) for path in paths]


class ShownSurfaces:
    """Surfaces as the page shows them, kept while the muscles are measured: both begin with the same triangles."""

    def __init__(self, layers: Sequence[LabelMap]) -> None:
        self._layers = layers
        self._kept: dict[tuple[int, int], Surface] = {}

    def measured(self, labels: LabelMap, value: int, box: Box) -> Surface:
        """The surface with all its triangles; a coarser one is kept."""
        place = self._place(labels)
        if place is None:
            return surface_of(labels, value, box=box)
        fine, self._kept[place, value] = surface_and_coarser(labels, value, SURFACE_FACES, box)
        return fine

    def of(self, labels: LabelMap, value: int) -> Surface:
        """The one to show."""
        place = self._place(labels)
        found = None if place is None else self._kept.get((place, value))
        return surface_of(labels, value, max_faces=SURFACE_FACES) if found is None else found

    def _place(self, labels: LabelMap) -> int | None:
        """Which of the layers a map is; None for one that was made of a layer, as with its axes in another order."""
        return next((place for place, layer in enumerate(self._layers) if layer is labels), None)


def muscle_surfaces(leg: ReportedLeg, shown: ShownSurfaces) -> list[MuscleSurface]:
    """Each muscle's surface, with its distance to the reference's at every vertex where there is one."""
    surfaces: list[MuscleSurface] = []
    for labels, value in structures_in_order(leg.layers):
        surface = shown.of(labels, value)
        if len(surface.faces) == 0:
            continue
        name = labels.names[value]
        truth = next((each for each in leg.references if name in each.names.values()), None)
        error = None if truth is None else surface_error_mm(surface, truth, truth.value_of(name))
        surfaces.append(MuscleSurface(surface, error))
    return surfaces


def _profiles(measures: LegMeasures) -> dict[str, AcsaProfile]:
    return {name: muscle.profile for name, muscle in measures.muscles.items() if muscle.profile is not None}


def _colors(layers: Sequence[LabelMap]) -> dict[str, tuple[int, int, int]]:
    return {
        labels.names[value]: labels.colors.get(value, color_of(labels.names[value], place))
        for place, (labels, value) in enumerate(structures_in_order(layers))
    }
