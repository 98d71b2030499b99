"""From tracked sweeps to a volume: what the command, the library and the page share."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from importlib.metadata import version
from typing import Any, cast

from ifssnet.compounding.compound import compound_sweeps
from ifssnet.compounding.holes.options import (
    GaussianFilling,
    HoleFilling,
    InverseDistanceFilling,
    NearestFilling,
    StickFilling,
)
from ifssnet.compounding.holes.reach import frame_distance_mm
from ifssnet.compounding.options import CompoundOptions, Fan, Rectangle
from ifssnet.compounding.plan import plan_compounding
from ifssnet.compounding.preflight.sweep_checks import check_sweeps
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.facts.compounding_facts import CompoundPlan, Preflight
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress
from ifssnet.core.sweep import Sweep
from ifssnet.io.sweeps.plus_config import HoleFillingElement, PlusConfiguration

PLUS_COMPOUNDING = {"latest": "latest", "maximum": "maximum", "mean": "running-mean"}
"""What PLUS calls a mean is rounded after every pixel; ours of that name is a true one."""


def compound(
    sweeps: Sequence[Sweep], options: CompoundOptions | None = None, grid: Grid | None = None
) -> Generator[Progress, None, Volume]:
    """Compound one or more sweeps of one leg, and say in the volume's header how.

    Args:
        sweeps: Recordings in the same reference frame, in the order in which they are inserted.
        options: How they are put together; None: nearest neighbour, true mean, 0.277 mm.
        grid: Where the volume lies; None: around the frames.

    Returns:
        The volume. Its header carries `ifss_*` keys: every option, and how many frames were used and left out.

    Raises:
        InputError: Nothing to compound, or more memory than there is.
    """
    chosen = options or CompoundOptions()
    result = yield from compound_sweeps(sweeps, chosen, grid)
    settled = replace(chosen, holes=result.holes)
    distance = {"ifss_frame_distance_mm": f"{frame_distance_mm(sweeps, chosen.skip_interval):.2f}"}
    header = {**result.volume.header, **provenance(settled, result.plan, len(sweeps)), **distance}
    return replace(result.volume, header=header)


def dry_run(sweeps: Sequence[Sweep], options: CompoundOptions | None = None, grid: Grid | None = None) -> CompoundPlan:
    """Grid, voxels, frames and memory of a compounding, without doing it.

    Raises:
        InputError: Nothing to compound, or more memory than there is.
    """
    return plan_compounding(sweeps, options or CompoundOptions(), grid)


def check_before_compounding(
    sweeps: Sequence[Sweep], options: CompoundOptions | None = None, grid: Grid | None = None
) -> Preflight:
    """What may be wrong with the recordings.

    Raises:
        InputError: Nothing to compound.
    """
    return check_sweeps(sweeps, options or CompoundOptions(), grid)


def options_from_plus(configuration: PlusConfiguration, overrides: Mapping[str, Any] | None = None) -> CompoundOptions:
    """What a PLUS configuration asks for, with PLUS' own defaults where it is silent.

    `OutputOrigin` and `OutputExtent` are not used, with an `InputWarning`: PLUS' own reconstructor overwrites them when
    it is run on a file, so the grid comes from the frames. `NumberOfThreads` changes nothing: the result is that of one
    thread, whatever their number.

    Args:
        configuration: The file's content.
        overrides: Fields of `CompoundOptions` that the user gave, which win.

    Raises:
        InputError: Values that cannot be used, such as an empty fan.
    """
    if configuration.fan_angles_auto_detect:
        warnings.warn(
            InputWarning("EnableFanAnglesAutoDetect is not supported: the whole fan of every frame is used."), stacklevel=2
        )
    if configuration.output_origin_mm is not None or configuration.output_extent is not None:
        warnings.warn(
            InputWarning(
                "OutputOrigin and OutputExtent of the configuration are not used: the grid is laid around the frames, as by "
                "PLUS itself on a recording. For another grid give a volume that has it."
            ),
            stacklevel=2,
        )
    fields: dict[str, Any] = {
        "interpolation": configuration.interpolation or "nearest",
        "compounding": PLUS_COMPOUNDING[configuration.compounding or "mean"],
        "arithmetic": configuration.optimization or "full",
        "clip": _clip(configuration),
        "fan": _fan(configuration),
        "pixel_threshold": configuration.pixel_rejection_threshold,
        "skip_interval": configuration.skip_interval or 1,
        "holes": tuple(map(_filling, configuration.hole_filling)) if configuration.fill_holes else (),
        "fit_z_spacing": configuration.recompute_output_spacing or False,
    }
    if configuration.output_spacing_mm is not None:
        fields["spacing_mm"] = configuration.output_spacing_mm
    return CompoundOptions(**{**fields, **(overrides or {})})


def provenance(options: CompoundOptions, plan: CompoundPlan, sweeps: int) -> dict[str, str]:
    """Header entries that say how a volume was compounded, one value a key, fit for any image header."""
    entries = {f"ifss_{name}": _plain(value) for name, value in _fields(options) if name != "holes"}
    entries["ifss_axes"] = plan.axes
    entries["ifss_sweep_angle_deg"] = f"{plan.sweep_angle_deg:.1f}"
    entries["ifss_holes"] = "; ".join(f"{type(way).__name__} {_plain(way)}" for way in options.holes) or "none"
    return {
        "ifss_version": version("ifssnet"),
        **entries,
        "ifss_sweeps": str(sweeps),
        "ifss_frames_used": str(plan.used_frames),
        "ifss_frames_invalid": str(plan.invalid_frames),
        "ifss_frames_skipped": str(plan.frames - plan.invalid_frames - plan.used_frames),
        "ifss_pixels": str(plan.pixels),
    }


def _fields(value: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(value, field.name)) for field in fields(value)]


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    if is_dataclass(value):
        return " ".join(f"{name}={_plain(part)}" for name, part in _fields(value))
    if isinstance(value, tuple):
        return " ".join(map(_plain, cast("tuple[Any, ...]", value)))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _clip(configuration: PlusConfiguration) -> Rectangle | None:
    if configuration.clip_size_px is None or min(configuration.clip_size_px) == 0:
        return None
    u, v = configuration.clip_origin_px or (0, 0)
    return Rectangle(u, v, *configuration.clip_size_px)


def _fan(configuration: PlusConfiguration) -> Fan | None:
    angles = configuration.fan_angles_deg
    if angles is None or angles == (0.0, 0.0):
        return None
    start, stop = configuration.fan_radius_start_px, configuration.fan_radius_stop_px
    return Fan(
        angles,
        configuration.fan_origin_px or (0.0, 0.0),
        0.0 if start is None else start,
        500.0 if stop is None else stop,
    )


def _filling(element: HoleFillingElement) -> HoleFilling:
    """Ours for one of PLUS' elements; the reader has seen to it that what a kind needs is there."""
    size, ratio = element.size or 0, element.minimum_known_ratio or 0.0
    match element.kind:
        case "stick":
            return StickFilling(element.stick_length_limit or 0, element.sticks_to_use or 0)
        case "nearest-neighbor":
            return NearestFilling(size, ratio)
        case "gaussian" | "gaussian-accumulation":
            return GaussianFilling(size, element.stdev or 0.0, ratio, by_weight=element.kind == "gaussian-accumulation")
        case "distance-weight-inverse":
            return InverseDistanceFilling(size, ratio)
        case _:
            raise InputError("a way of filling holes that PLUS knows", f"'{element.kind}'", "Correct the configuration.")
