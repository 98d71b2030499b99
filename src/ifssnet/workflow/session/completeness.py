"""What speaks against a muscle's volume as it stands: it is on a few slices alone, or goes on beyond its outermost one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ifssnet.core.findings import Finding
from ifssnet.measurement.checks.completeness import Incompleteness, completeness_finding, incompleteness
from ifssnet.workflow.session.state import SessionState


def unfinished(state: SessionState, label: int) -> Incompleteness | None:
    """What speaks against the volume of a muscle; None where nothing does, and while it has none because a gap is open."""
    return None if state.stale(label) else incompleteness(_areas_cm2(state, label))


def unfinished_findings(state: SessionState) -> tuple[Finding, ...]:
    """The same of every muscle, in the words of `ifss measure`."""
    found = (
        completeness_finding(muscle.name, _areas_cm2(state, label))
        for label, muscle in state.muscles.items()
        if not state.stale(label)
    )
    return tuple(finding for finding in found if finding is not None)


def _areas_cm2(state: SessionState, label: int) -> Float[np.ndarray, " slice"]:
    areas = np.zeros(state.grid.slices)
    for z, pixels in state.area_px(label).items():
        areas[z] = pixels * state.grid.pixel_area_mm2 / 100
    return areas
