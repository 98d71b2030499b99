"""The muscles in three dimensions: rendered sides, and what the script needs to put a live view in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from ifssnet.core.grid import Grid
from ifssnet.figures.drawing.pages import render
from ifssnet.figures.drawing.theme import Rgb, ordered
from ifssnet.figures.leg_report.content import ReportContent
from ifssnet.figures.leg_report.tables import PACKAGE
from ifssnet.figures.leg_report.viewer_data import scene
from ifssnet.figures.rendering.axis_letters import ANATOMICAL, Letters
from ifssnet.figures.rendering.mesh import DisplayMesh, display_meshes
from ifssnet.figures.rendering.static_view import sides_picture
from ifssnet.figures.rendering.surfaces import ErrorScale, error_scale, standard_views
from ifssnet.io.plain_data import Json


@dataclass(frozen=True, eq=False)
class Space:
    """The muscles' meshes as they are drawn.

    Attributes:
        meshes: Thinned for the page.
        scale: The colours of their errors; None without any.
        grid: Where the slices lie.
        axes: What the axes point to.
        side: Which leg, where known.
    """

    meshes: Sequence[DisplayMesh]
    scale: ErrorScale | None
    grid: Grid
    axes: Letters
    side: Literal["left", "right"] | None


def space_of(content: ReportContent) -> Space:
    """The surfaces that have triangles, in the order of every figure."""
    by_name = {each.surface.name: each for each in content.surfaces if len(each.surface.faces) > 0}
    meshes = display_meshes([by_name[name] for name in ordered(by_name)])
    return Space(meshes, error_scale(meshes) if meshes else None, content.grid, content.axes, content.side)


def space_section(space: Space, colors: Mapping[str, Rgb]) -> Markup:
    """The pictures that stand there on paper and without WebGL; empty without surfaces."""
    if not space.meshes:
        return Markup()
    views = standard_views(space.axes, space.side)
    names = ", ".join(mesh.name for mesh in space.meshes)
    drawn = [sides_picture(space.meshes, colors, views[:4], f"{names} from four sides")]
    if space.scale is not None:
        title = f"Distance of {names} to the reference, from two sides"
        drawn.append(sides_picture(space.meshes, colors, views[:2], title, space.scale))
    return render(
        PACKAGE,
        "space.html",
        anatomical=space.axes == ANATOMICAL,
        pictures=[(Markup(svg), width) for svg, width in drawn],
        names=[mesh.name for mesh in space.meshes],
        colors=colors,
    )


def space_data(space: Space, colors: Mapping[str, Rgb]) -> Json:
    """What the live view is given; None without surfaces."""
    if not space.meshes:
        return None
    views = standard_views(space.axes, space.side)
    return scene(space.meshes, colors, space.grid, axes=space.axes, views=views, scale=space.scale)
