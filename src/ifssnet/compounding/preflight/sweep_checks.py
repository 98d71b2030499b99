"""Checks of recordings before they are compounded: what may be wrong with them, in numbers and in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ifssnet.compounding.holes.fill import bridged_voxels
from ifssnet.compounding.holes.reach import frame_distance_mm, with_reach
from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.plan import SHARE_OF_MEMORY, estimate_compounding
from ifssnet.compounding.preflight.compression import pressure_findings, probe_pressure
from ifssnet.compounding.preflight.coverage import coverage
from ifssnet.compounding.preflight.motion import held_poses, motion_of
from ifssnet.core.errors import InputError
from ifssnet.core.facts.compounding_facts import CompoundPlan, Coverage, Motion, Preflight
from ifssnet.core.findings import Finding, worst_first
from ifssnet.core.grid import Grid
from ifssnet.core.sweep import Sweep

LONGEST_LEG_MM = 600.0
"""A lower leg is 250 to 500 mm long; what is beyond this in any direction is no leg."""

WIDEST_LEG_MM = 300.0
"""A calf is 90 to 160 mm across, and a water bath not much more."""

SHORTEST_SWEEP_MM = 20.0
SMALLEST_PIXEL_MM, LARGEST_PIXEL_MM = 0.01, 2.0
"""B-mode pixels measure 0.05 to 0.5 mm; what is beyond these bounds was calibrated in another unit."""

OBLIQUE_DEG = 20.0
"""Slices further off than this across the sweep make cross-sections 6 % too large, and more."""

GOOD_COVERAGE = 0.02
POOR_COVERAGE = 0.2
LITTLE_OVERLAP = 0.02
MANY_INVALID = 0.1
MANY_STILL = 0.2
MANY_HELD, HELD_RUNS = 0.1, 3
"""Poses are repeated in more frames than this share, and at as many places: fewer may be a probe that rested."""


def check_sweeps(sweeps: Sequence[Sweep], options: CompoundOptions, grid: Grid | None = None) -> Preflight:
    """Check poses, times and geometry, and in a sample of the frames the skin; hardly any memory is taken.

    Args:
        sweeps: Recordings.
        options: How they are to be put together.
        grid: Where the volume is to lie; None: around the frames.

    Raises:
        InputError: Not one frame can be used.
    """
    plan = estimate_compounding(sweeps, options, grid)
    z, y, x = plan.grid.shape_zyx
    sx, sy, sz = plan.grid.spacing_xyz_mm
    extent = (x * sx, y * sy, z * sz)
    motions = tuple(motion_of(sweep) for sweep in sweeps)
    covered = coverage(sweeps, options)
    pressures = probe_pressure(sweeps, options)
    holes = with_reach(options.holes, frame_distance_mm(sweeps, options.skip_interval), plan.grid)
    bridge_mm = max((bridged_voxels(way, plan.grid) for way in holes), default=0) * min(plan.grid.spacing_xyz_mm)
    findings = [
        *_about_grid(plan, extent),
        *_about_axes(plan),
        *_about_coverage(covered, bridge_mm, plan.grid),
        *_about_spacing(sweeps, motions, plan.grid, bridge_mm),
        *pressure_findings(pressures),
    ]
    read: list[Finding] = []
    for number, (sweep, motion) in enumerate(zip(sweeps, motions, strict=True), start=1):
        who = "" if len(sweeps) == 1 else f"sweep {number}: "
        findings += _about_motion(sweep, motion, who)
        read += [replace(each, text=f"{who.capitalize()}{each.text}") for each in sweep.findings]
    return Preflight(plan, extent, covered, motions, worst_first([*read, *map(_as_sentence, findings)]), pressures)


def refuse_errors(found: Preflight) -> None:
    """Refuse recordings in which the checks found an error.

    Raises:
        InputError: It tells every error and what to do.
    """
    errors = [finding for finding in found.findings if finding.severity == "error"]
    if errors:
        raise InputError(
            "recordings that a volume can be made of",
            "; ".join(f"an error: {finding.text.rstrip('.')}" for finding in errors),
            f"{' '.join(dict.fromkeys(finding.remedy for finding in errors))} To compound them as they are: --force-quality "
            "(in Python: force_quality=True).",
        )


def _as_sentence(finding: Finding) -> Finding:
    return replace(finding, text=f"{finding.text[0].upper()}{finding.text[1:]}.")


def _about_grid(plan: CompoundPlan, extent_mm: tuple[float, float, float]) -> list[Finding]:
    found: list[Finding] = []
    size = " x ".join(f"{e:.0f}" for e in extent_mm)
    if max(extent_mm) > LONGEST_LEG_MM or sorted(extent_mm)[1] > WIDEST_LEG_MM:
        found.append(
            Finding(
                "warning",
                f"the grid spans {size} mm, more than a lower leg",
                "Check the calibration (mm, not cm) and single poses far away from the others.",
                max(extent_mm),
                "mm",
            )
        )
    if max(extent_mm) < SHORTEST_SWEEP_MM:
        found.append(
            Finding(
                "warning",
                f"the grid spans only {size} mm",
                "Check the calibration's scale and that the probe moved.",
                max(extent_mm),
                "mm",
            )
        )
    if plan.available_bytes is not None and plan.bytes_needed > SHARE_OF_MEMORY * plan.available_bytes:
        found.append(
            Finding(
                "error",
                f"the volume takes {plan.bytes_needed / 1e9:.1f} GB of {plan.available_bytes / 1e9:.1f} GB of free memory",
                "Choose a larger spacing.",
                plan.bytes_needed / 1e9,
                "GB",
            )
        )
    return found


def _about_axes(plan: CompoundPlan) -> list[Finding]:
    """Slices that are no cross-sections of what was swept: an automatic grid has them only where the user wants them so."""
    if plan.slice_angle_deg <= OBLIQUE_DEG:
        return []
    what = f"slices are cut {plan.slice_angle_deg:.0f} degrees off across the sweep"
    remedy = "Leave --axes out, so that the volume follows the sweep." if plan.axes == "reference" else "Check the grid."
    return [Finding("warning", what, remedy, plan.slice_angle_deg, "degrees")]


def _about_coverage(covered: Coverage, bridge_mm: float, grid: Grid) -> list[Finding]:
    found: list[Finding] = []
    if covered.unseen_share > GOOD_COVERAGE:
        found.append(
            Finding(
                "warning" if covered.unseen_share > POOR_COVERAGE else "note",
                f"{covered.unseen_share:.0%} of the voxels that were swept over lie between frames"
                + (f"; hole filling bridges {bridge_mm:.1f} mm" if bridge_mm else ""),
                f"Choose a larger spacing{'' if bridge_mm else ', or fill holes'}; sweep more slowly next time.",
                covered.unseen_share,
            )
        )
    if covered.longest_gap_mm > max(bridge_mm, 2 * max(grid.spacing_xyz_mm)):
        found.append(
            Finding(
                "warning",
                f"along the sweep {covered.longest_gap_mm:.1f} mm were not seen in one stretch"
                + (f"; hole filling bridges {bridge_mm:.1f} mm" if bridge_mm else ""),
                "Expect a black or an invented band there; sweep that part again, or let hole filling reach further.",
                covered.longest_gap_mm if math.isfinite(covered.longest_gap_mm) else None,
                "mm",
            )
        )
    if covered.overlap_share is not None and covered.overlap_share < LITTLE_OVERLAP:
        found.append(
            Finding(
                "warning",
                f"only {covered.overlap_share:.1%} of what was seen was seen by two sweeps",
                "Check that the sweeps belong to one leg and one reference frame, and let them overlap.",
                covered.overlap_share,
            )
        )
    return found


def _about_spacing(sweeps: Sequence[Sweep], motions: Sequence[Motion], grid: Grid, bridge_mm: float) -> list[Finding]:
    pixel_mm = max(max(sweep.pixel_spacing_uv_mm) for sweep in sweeps)
    frame_mm = max(motion.median_spacing_mm for motion in motions)
    finest, found = min(grid.spacing_xyz_mm), list[Finding]()
    sizes = [size for sweep in sweeps for size in sweep.pixel_spacing_uv_mm]
    strange = [size for size in sizes if not SMALLEST_PIXEL_MM <= size <= LARGEST_PIXEL_MM]
    if strange:
        found.append(
            Finding(
                "warning",
                f"a pixel measures {strange[0]:.3g} mm",
                "Check the calibration's unit: mm a pixel are expected, not cm or metres.",
                strange[0],
                "mm",
            )
        )
    if pixel_mm > finest * 1.05:
        found.append(
            Finding(
                "warning",
                f"pixels of {pixel_mm:.3f} mm are larger than voxels of {finest:.3f} mm",
                f"Choose a spacing of at least the pixel's, or linear interpolation{'' if bridge_mm else ', or fill holes'}.",
                pixel_mm,
                "mm",
            )
        )
    if frame_mm > max(finest, bridge_mm):
        found.append(
            Finding(
                "note",
                f"frames lie {frame_mm:.2f} mm apart, voxels {finest:.2f} mm",
                f"{'Let hole filling reach further' if bridge_mm else 'Fill holes'}, or choose a larger spacing.",
                frame_mm,
                "mm",
            )
        )
    return found


def _about_motion(sweep: Sweep, motion: Motion, who: str) -> list[Finding]:
    found: list[Finding] = []
    frames, invalid = len(sweep.frames), len(sweep.frames) - sweep.valid_frames
    if invalid:
        found.append(
            Finding(
                "warning" if invalid > MANY_INVALID * frames else "note",
                f"{who}{invalid} of {frames} frames have an invalid pose, up to {motion.longest_invalid_run} in a row",
                "They are left out; keep the markers in the cameras' view.",
                float(invalid),
            )
        )
    if motion.jumps:
        worst = max(motion.jumps, key=lambda jump: jump.step_mm)
        places = ", ".join(str(jump.frame) for jump in motion.jumps[:5]) + (" ..." if len(motion.jumps) > 5 else "")
        found.append(
            Finding(
                "warning",
                f"{who}the pose jumps at frame {places}, by up to {worst.step_mm:.1f} mm (median step"
                f" {motion.median_step_mm:.2f} mm)",
                "Expect a seam there; check the tracker, or cut the recording in two.",
                worst.step_mm,
                "mm",
            )
        )
    if motion.time_gaps:
        found.append(
            Finding(
                "note",
                f"{who}{len(motion.time_gaps)} gaps in time, the first before frame {motion.time_gaps[0]}",
                "Frames were dropped while recording; see whether the volume has gaps there.",
                float(len(motion.time_gaps)),
            )
        )
    if motion.backward_times:
        found.append(
            Finding(
                "warning",
                f"{who}time runs backwards at frame {motion.backward_times[0]}",
                "Check how the recording was put together: poses may belong to other frames.",
                float(len(motion.backward_times)),
            )
        )
    if sweep.valid_frames > 1 and motion.length_mm < SHORTEST_SWEEP_MM / 20:
        found.append(_about_standing(sweep, motion, who))
    elif (held := _about_held(sweep, who)) is not None:
        found.append(held)
    elif motion.still_frames > MANY_STILL * frames:
        found.append(
            Finding(
                "note",
                f"{who}the probe stood still in {motion.still_frames} of {frames} frames",
                "With the mean such places count more than others; the latest or the maximum do not care.",
                float(motion.still_frames),
            )
        )
    return found


def _about_held(sweep: Sweep, who: str) -> Finding | None:
    """A warning where poses are repeated here and there while the probe moves: there were fewer of them than images."""
    held, runs, step_mm = held_poses(sweep)
    if runs < HELD_RUNS or held < MANY_HELD * len(sweep.frames):
        return None
    what = f"{who}{held} of {len(sweep.frames)} frames have exactly the pose of the frame before, at {runs} places"
    remedy = f"The tracker was slower than the images, which lie up to {step_mm:.1f} mm off; record poses at their rate."
    return Finding("warning", what, remedy, float(held))


def _about_standing(sweep: Sweep, motion: Motion, who: str) -> Finding:
    """A probe that hardly moved stood still, or its positions are in metres: then it went one way, in even steps."""
    one_way = motion.length_mm > 0.3 * motion.median_step_mm * (sweep.valid_frames - 1) > 0
    metres = one_way and SHORTEST_SWEEP_MM / 4 < 1000 * motion.length_mm < 2 * LONGEST_LEG_MM
    if metres:
        in_metres = f"were the positions in metres, it would be {1000 * motion.length_mm:.0f} mm"
        moved = f"{who}the probe moved {motion.length_mm:.2g} mm in all; {in_metres}"
        return Finding("error", moved, "Write the positions in mm.", motion.length_mm, "mm")
    moved = f"{who}the probe moved {motion.length_mm:.2f} mm in all"
    return Finding("error", moved, "Check that its marker was tracked.", motion.length_mm, "mm")
