"""The static 3-D picture: the muscles from several sides, in their colours or coloured by surface error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8

from ifssnet.figures.drawing.svg import nice_step
from ifssnet.figures.drawing.theme import Rgb, error_colors
from ifssnet.figures.rendering.axis_letters import ANATOMICAL, Letters
from ifssnet.figures.rendering.mesh import DisplayMesh
from ifssnet.figures.rendering.raster import draw, empty_buffers
from ifssnet.figures.rendering.shading import shade
from ifssnet.measurement.reference.surface_error import largest_error_mm

OVERSAMPLING = 2
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class View:
    """A side from which the muscles are seen.

    Attributes:
        name: For a person.
        towards_viewer: Unit vector in LPS from the muscles to the eye.
        up: Unit vector in LPS that points up in the picture.
    """

    name: str
    towards_viewer: Vector
    up: Vector = (0.0, 0.0, 1.0)


def standard_views(axes: Letters = ANATOMICAL, side: Literal["left", "right"] | None = None) -> list[View]:
    """Six sides to look from, named as anatomy does; by the axes alone where they know nothing of the patient."""
    names = [f"From {letter}" for letter in axes]
    if axes == ANATOMICAL:
        names = ["From the left", "From the right", "Posterior", "Anterior", "Superior", "Inferior"]
        if side is not None:
            names[:2] = ["Lateral", "Medial"] if side == "left" else ["Medial", "Lateral"]
    left, right, posterior, anterior, superior, inferior = names
    return [
        View(posterior, (0.0, 1.0, 0.0)),
        View(anterior, (0.0, -1.0, 0.0)),
        View(left, (1.0, 0.0, 0.0)),
        View(right, (-1.0, 0.0, 0.0)),
        View(superior, (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)),
        View(inferior, (0.0, 0.0, -1.0), (0.0, -1.0, 0.0)),
    ]


@dataclass(frozen=True)
class ErrorScale:
    """What the colours of surface errors mean.

    Attributes:
        low_mm: At the first colour.
        high_mm: At the last colour; larger errors take it too.
        signed: Whether the errors have a sign.
    """

    low_mm: float
    high_mm: float
    signed: bool

    @property
    def ticks_mm(self) -> list[float]:
        """Values to write beside the colours, both ends among them."""
        parts = 4 if self.signed else round(self.high_mm / nice_step(self.high_mm, 5))
        return [round(float(value), 6) for value in np.linspace(self.low_mm, self.high_mm, parts + 1)]

    def levels(self, error_mm: Float[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
        """Which of the 255 colours each error takes; 255 where it is not known."""
        share = (np.nan_to_num(error_mm) - self.low_mm) / (self.high_mm - self.low_mm)
        return np.where(np.isnan(error_mm), 255, np.clip(share, 0, 1) * 254).round().astype(np.uint8)


def error_scale(meshes: Sequence[DisplayMesh]) -> ErrorScale | None:
    """A scale with a round end that holds 99 % of the errors; None where no mesh has any."""
    known = [mesh.error_mm[np.isfinite(mesh.error_mm)] for mesh in meshes if mesh.error_mm is not None]
    errors = np.concatenate(known) if known else np.empty(0)
    high = largest_error_mm(errors, 99)
    if high is None:
        return None
    step = nice_step(max(high, 0.05), 5)
    high = step * max(1, math.ceil(high / step - 1e-9))
    signed = bool((errors < 0).any())
    return ErrorScale(-high if signed else 0.0, high, signed)


def _axes_of(view: View) -> Float[np.ndarray, "3 3"]:
    """Rows: right, up and towards the viewer, in LPS."""
    forward, up = np.array(view.towards_viewer), np.array(view.up)
    return np.stack([np.cross(up, forward), up, forward])


def render(
    meshes: Sequence[DisplayMesh],
    colors: Mapping[str, Rgb],
    view: View,
    pixel_mm: float,
    scale: ErrorScale | None = None,
) -> UInt8[np.ndarray, "row column 4"]:
    """The muscles from one side, on a transparent ground, cut to their outline.

    Args:
        meshes: What to draw.
        colors: Name to colour.
        view: From where.
        pixel_mm: Width of a pixel.
        scale: Colours by error where given; meshes without errors turn grey.
    """
    axes = _axes_of(view)
    fine_mm = pixel_mm / OVERSAMPLING
    placed = [mesh.vertices_mm @ axes.T for mesh in meshes]
    corners = np.concatenate(placed) if placed else np.zeros((1, 3))
    low, high = corners.min(axis=0) - 2 * pixel_mm, corners.max(axis=0) + 2 * pixel_mm
    columns, rows = (math.ceil((high[i] - low[i]) / pixel_mm) * OVERSAMPLING for i in (0, 1))
    buffers = empty_buffers(rows, columns)
    for number, (mesh, points) in enumerate(zip(meshes, placed, strict=True)):
        on_screen = np.stack([(points[:, 0] - low[0]) / fine_mm, (high[1] - points[:, 1]) / fine_mm, points[:, 2]], axis=1)
        values = mesh.error_mm if mesh.error_mm is not None else np.full(len(points), np.nan)
        draw(buffers, on_screen, mesh.normals @ axes.T, values, mesh.faces, surface=number)
    if scale is None:
        table = np.array([colors[mesh.name] for mesh in meshes] or [(255, 255, 255)], dtype=np.float64) / 255
        base = table[buffers.surface[buffers.seen]]
    else:
        table = np.concatenate([error_colors(scale.signed), np.full((1, 3), 176, dtype=np.uint8)]) / 255
        base = table[scale.levels(buffers.value[buffers.seen])]
    fine = shade(buffers, base, fine_mm)
    coarse = fine.reshape(rows // OVERSAMPLING, OVERSAMPLING, columns // OVERSAMPLING, OVERSAMPLING, 4).mean(axis=(1, 3))
    coarse[..., :3] /= np.maximum(coarse[..., 3:], 1e-6)
    return (coarse * 255).round().astype(np.uint8)
