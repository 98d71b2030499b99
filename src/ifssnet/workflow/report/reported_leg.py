"""The leg that a report is about, and what a reader has to know of it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ifssnet.compounding.preflight.volume_checks import check_volume
from ifssnet.core.errors import InputWarning
from ifssnet.core.findings import Finding, worst_first
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume, renamed_layers
from ifssnet.core.muscles import field_names
from ifssnet.core.provenance import BodySide
from ifssnet.core.results.measures import LegMeasures
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.grey_levels import on_grey_scale
from ifssnet.geometry.grids.axis_order import AS_STORED, reordered
from ifssnet.geometry.grids.long_axis import along, leg_order
from ifssnet.geometry.grids.resample import comparable
from ifssnet.io.open import open_label_layers, open_volume
from ifssnet.io.seeds.drawing_axis import plane_name
from ifssnet.io.storage.provenance import RecordedProvenance, read_provenance
from ifssnet.io.volumes.recorded_findings import recorded_findings
from ifssnet.measurement.checks.orientation import patient_axes_fit, side_fits
from ifssnet.measurement.checks.scanned_edge import MuscleCoverage, coverage_findings
from ifssnet.measurement.layers import completeness_of_layers, largest_layer
from ifssnet.measurement.leg.muscles import measure_findings
from ifssnet.measurement.leg.unseen import unseen_findings
from ifssnet.workflow.files.opener import AS_DRAWN, SeedReading, open_seeds
from ifssnet.workflow.report.recorded_facts import doubts


@dataclass(frozen=True, eq=False)
class ReportedLeg:
    """The leg that a report is about, read from its files.

    Attributes:
        layers: The segmentation with each structure whole: one map, or several where structures overlap.
        volume: Grey levels on its grid, if given.
        references: What it ought to be, on its grid, each structure whole; empty where that is not known.
        seeds: What the expert drew, if given.
        recorded: How the segmentation was made, where that lies beside it.
        drawn_findings: What a person has to know of the drawing.
    """

    layers: tuple[LabelMap, ...]
    volume: Volume | None
    references: tuple[LabelMap, ...]
    seeds: Seeds | None
    recorded: RecordedProvenance
    drawn_findings: tuple[Finding, ...] = ()

    @property
    def grid(self) -> Grid:
        """Where the segmentation's voxels lie."""
        return self.layers[0].grid


def read_leg(
    segmentation: Path, volume: Path | None, reference: Path | None, seeds: Sequence[Path], reading: SeedReading = AS_DRAWN
) -> ReportedLeg:
    """Read what a report is about, all onto the segmentation's grid, with the slices across the leg first."""
    layers = renamed_layers(open_label_layers(segmentation), reading.names)
    grey = None if volume is None else on_grey_scale(open_volume(volume))[0]
    if grey is not None and not grey.grid.matches(layers[0].grid):
        on_grey = LabelMap(np.zeros(grey.grid.shape_zyx, np.uint8), grey.grid, {})
        layers = tuple(comparable(each, on_grey, segmentation.name) for each in layers)
    truths = () if reference is None else open_label_layers(reference)
    truths = tuple(comparable(each, layers[0], "the reference") for each in truths)
    order = leg_order(largest_layer(layers))
    layers = tuple(along(each, order) for each in layers)
    truths = tuple(along(each, order) for each in truths)
    if grey is not None:
        seen = None if grey.seen is None else reordered(grey.seen, order)
        grey = replace(grey, array=reordered(grey.array, order), grid=layers[0].grid, seen=seen)
    drawn = open_seeds(seeds, layers[0].grid, reading=reading) if seeds else None
    findings = () if drawn is None else drawn.findings
    if drawn is not None and drawn.axes != AS_STORED:
        plane = plane_name(layers[0].grid, drawn.axes[0])
        what = f"The muscles were drawn on {plane} planes, which are not the slices shown here: they are not marked on them"
        warnings.warn(InputWarning(f"{what}."), stacklevel=2)
        drawn = None
    drawn = None if drawn is None else _with_names(drawn, layers)
    named = (*layers, *truths, *(() if drawn is None else (drawn,)))
    called = field_names([name for one in named for name in one.names.values()])
    layers = tuple(replace(each, names=_renamed(each.names, called)) for each in layers)
    truths = tuple(replace(each, names=_renamed(each.names, called)) for each in truths)
    drawn = None if drawn is None else replace(drawn, names=_renamed(drawn.names, called))
    return ReportedLeg(layers, grey, truths, drawn, read_provenance(segmentation), findings)


def _with_names(drawn: Seeds, layers: Sequence[LabelMap]) -> Seeds:
    """Seeds, named as the segmentation names the same numbers where their file says no names."""
    own = {drawn.name(label) for label in drawn.labels}
    known = {value: name for layer in layers for value, name in layer.names.items() if name not in own}
    taken = {label: known[label] for label in drawn.labels if drawn.name(label) == str(label) and label in known}
    if not taken:
        return drawn
    said = ", ".join(f"{label} = {name}" for label, name in taken.items())
    what = f"The seeds have no names; those of the segmentation were taken for the same numbers ({said}). Else give --names."
    warnings.warn(InputWarning(what), stacklevel=3)
    return replace(drawn, names={**drawn.names, **taken})


def _renamed(names: Mapping[int, str], called: Mapping[str, str]) -> dict[int, str]:
    return {value: called[name] for value, name in names.items()}


def knows_the_patient(leg: ReportedLeg, said: bool | None) -> bool:
    """Whether the axes of the files may be called the patient's.

    No header is trusted with that: recordings of a tracker are stored as LPS too. The muscles themselves have to lie as they
    must on the patient's axes, unless the user says so.
    """
    return bool(patient_axes_fit(leg.layers)) if said is None else said


def leg_findings(
    leg: ReportedLeg, measures: LegMeasures, coverage: Mapping[str, MuscleCoverage], side: BodySide | None = None
) -> list[Finding] | None:
    """Muscles that are not whole, the findings about the recordings where they are on record, and those about the voxels.

    None where there is no volume to check and nothing else to say.

    Args:
        leg: The leg.
        measures: What it measures.
        coverage: How much of each muscle the scan held.
        side: Which leg it is said to be; None where the axes are not the patient's.
    """
    cut = [
        *leg.drawn_findings,
        *completeness_of_layers(leg.layers),
        *measure_findings(measures, leg.grid),
        *doubts(leg.recorded),
    ]
    if side is not None and side_fits(leg.layers, side) is False:
        what = f"This is said to be a {side} leg, but GM lies on the side where the lateral muscle of a {side} leg is."
        cut.append(Finding("warning", what, "Check the side, the names of the muscles and the volume's axes."))
    cut = [*worst_first(cut)]
    if leg.volume is None:
        return list(cut) or None
    unseen = [*unseen_findings(measures), *coverage_findings(coverage)]
    return [*cut, *unseen, *(recorded_findings(leg.volume) or ()), *check_volume(leg.volume, leg.layers)]
