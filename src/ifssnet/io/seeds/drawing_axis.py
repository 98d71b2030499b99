"""Across which axis of a label map an expert drew; drawings on tilted or mixed planes are refused."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.geometry.masks.drawn_planes import Drawing, DrawnPlanes, drawn_planes

_SHOWN_PLANES = 8
_REMEDY = (
    "Draw each muscle on parallel planes of one direction: axial ones, or in 3D Slicer those of one slice view, with the view "
    "rotated to the volume's planes."
)


def drawing_axis(maps: Sequence[LabelMap], where: str) -> int:
    """The axis of the arrays across which few planes were drawn: 0 for slices as they are stored.

    Args:
        maps: Label maps on one grid.
        where: The file, for messages.

    Raises:
        InputError: A muscle was drawn on tilted planes, on planes of several directions, or on others than another muscle.
    """
    found: dict[str, DrawnPlanes] = {}
    for one in maps:
        for value, name in one.names.items():
            planes = drawn_planes(one.array == value)
            if planes.drawing in (Drawing.TILTED, Drawing.MIXED):
                raise InputError(
                    f"parallel planes of one direction for {name} in {where}",
                    f"a drawing {planes.drawing.value}: {_listed(planes, one.grid)}",
                    _REMEDY,
                )
            if planes.drawing is Drawing.IN_PLANES:
                found[name] = planes
    axes = {planes.axis for planes in found.values()}
    if len(axes) > 1:
        grid = maps[0].grid
        drawn = "; ".join(f"{name} on {plane_name(grid, each.axis)} planes" for name, each in found.items())
        raise InputError(f"all muscles of {where} drawn on planes of one direction", drawn, _REMEDY)
    axis = axes.pop() if axes else 0
    if axis != 0:
        what = f"{where}: the muscles are drawn on {plane_name(maps[0].grid, axis)} planes (axis {'zyx'[axis]} of the array)"
        warnings.warn(InputWarning(f"{what}; they are carried along that axis."), stacklevel=4)
    return axis


def plane_name(grid: Grid, axis: int) -> str:
    """What planes across an axis of an array are called: by the direction in space that is nearest to the axis."""
    row = [abs(grid.direction[i][2 - axis]) for i in range(3)]
    return ("sagittal", "coronal", "axial")[row.index(max(row))]


def _listed(planes: DrawnPlanes, grid: Grid) -> str:
    parts: list[str] = []
    for axis, marked in enumerate(planes.planes):
        if marked:
            shown = ", ".join(map(str, marked[:_SHOWN_PLANES])) + (" …" if len(marked) > _SHOWN_PLANES else "")
            parts.append(f"{plane_name(grid, axis)} ({'zyx'[axis]}) {shown}")
    return "; ".join(parts)
