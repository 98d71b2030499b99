"""A leg from closed surfaces: voxelised, laid as the probe sees it, wrapped in fascia, fat and skin."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from numba import prange

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import Surface
from ifssnet.core.muscles import TRICEPS_SURAE
from ifssnet.core.progress import Progress
from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.surfaces.voxelise import voxelise
from ifssnet.geometry.untyped import convex_hull, distance_to_false, smoothed
from ifssnet.io.volumes.surfaces import check_size, read_surfaces
from ifssnet.phantom.anatomy.borders import Borders, Push
from ifssnet.phantom.anatomy.places import beam_direction, place_of_pixel, place_of_voxel
from ifssnet.phantom.anatomy.scannable_leg import SurfaceSource
from ifssnet.phantom.anatomy.subject import Side
from ifssnet.phantom.anatomy.surface_collisions import check_collisions
from ifssnet.phantom.anatomy.tissue import Condition, Tissue
from ifssnet.phantom.anatomy.tissue_lookup import BONE_ECHO, BORDER_ECHO, FASCIA_ECHO, FAT_ECHO, SKIN_ECHO
from ifssnet.phantom.anatomy.view import ProbeView, Scene, dark_scene
from ifssnet.phantom.anatomy.voxel_borders import VoxelBorders, pressed_codes, seen_borders, voxel_borders

STEP_XYZ_MM = (0.6, 0.6, 1.0)
FAT_MM, SKIN_MM, FASCIA_MM = 6.0, 1.6, 0.9
MARGIN_MM = 14.0

CODES: Mapping[str, Tissue] = MappingProxyType(
    {
        "SOL": Tissue.SOL,
        "GM": Tissue.GM,
        "GL": Tissue.GL,
        "TIBIA": Tissue.TIBIA,
        "FIBULA": Tissue.FIBULA,
        "TP": Tissue.TP,
        "POPLITEUS": Tissue.TP,
        "FHL": Tissue.FHL,
        "FDL": Tissue.FDL,
        "TA": Tissue.TA,
        "EDL": Tissue.EDL,
        "EHL": Tissue.EDL,
        "PL": Tissue.PERONEI,
        "PLANTARIS": Tissue.PLANTARIS,
    }
)


@dataclass(frozen=True, eq=False)
class VoxelLeg:
    """A leg as voxels, in the frame of a parametric one.

    Attributes:
        seed: What the random numbers of its texture, and of where a fascia shows, start from.
        source: Where the surfaces came from.
        side: Which leg.
        codes: `Tissue` of every voxel.
        grid: Where they lie, in the leg's frame; its first slice is z = 0.
        strength: Echo of the nearest surface, in units of muscle's mean echo.
        sharpness: How fast that echo fades as the surface turns from the beam.
        normal_yx: The surface's normal.
        outline_xy_mm: The skin, at `z_mm`.
        axis_xy_mm: The section's middle.
    """

    seed: int
    source: str
    side: Side
    codes: UInt8[np.ndarray, "z y x"]
    grid: Grid
    strength: Float32[np.ndarray, "z y x"]
    sharpness: Float32[np.ndarray, "z y x"]
    normal_yx: Float32[np.ndarray, "2 z y x"]
    outline_xy_mm: Float[np.ndarray, "row point 2"]
    axis_xy_mm: Float[np.ndarray, "row 2"]

    @property
    def length_mm(self) -> float:
        """The length from the first slice to the last."""
        return float((self.grid.slices - 1) * self.grid.spacing_xyz_mm[2])

    @property
    def z_mm(self) -> Float[np.ndarray, " row"]:
        """The slices' heights."""
        return np.arange(self.grid.slices) * self.grid.spacing_xyz_mm[2]

    @property
    def condition(self) -> Condition:
        """Healthy muscles."""
        return Condition(self.seed)

    @property
    def description(self) -> SurfaceSource:
        """Where the leg comes from."""
        return SurfaceSource(self.source, self.side, self.seed, self.length_mm)

    def tissues(self, index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int]) -> UInt8[np.ndarray, "z y x"]:
        """The tissue's code at every index (x, y, z) of an array, through any affine."""
        out = np.zeros(shape_zyx, dtype=np.uint8)
        _sample(self.codes, self.grid.mm_to_index @ index_to_leg, out)
        return out

    def scene(self, view: ProbeView) -> Scene:
        """The tissue and the surfaces' echo at every pixel of a view."""
        scene = dark_scene(view)
        _render(
            (self.codes, self.strength, self.sharpness, self.normal_yx, self.grid.mm_to_index),
            view.image_to_leg,
            (view.first_row, view.last_row, view.shift_mm),
            (scene.codes, scene.echo, scene.skin_row, scene.skin_facing),
        )
        return scene

    def pressed_tissues(
        self, index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int], push: Push
    ) -> UInt8[np.ndarray, "z y x"]:
        """The tissue's code at every index of an array while a probe presses the leg."""
        return pressed_codes(self.codes, self.grid, index_to_leg, shape_zyx, push)

    def borders(self, view: ProbeView, push: Push) -> Borders:
        """The tissue at every pixel of a view and its nearest border while a probe presses the leg."""
        return seen_borders(self.codes, self.grid, self.surfaces, view, push)

    @cached_property
    def surfaces(self) -> VoxelBorders:
        """The nearest surface at every voxel."""
        return voxel_borders(self.codes, self.grid)

    def with_uneven_fat(self, sd: float) -> VoxelLeg:  # noqa: ARG002
        """The leg itself: its skin and fat are wrapped around the surfaces at one thickness."""
        return self


def leg_of_surfaces(folder: Path, seed: int = 0) -> Generator[Progress, None, VoxelLeg]:
    """A leg from a folder of closed surfaces in mm, one a muscle or bone, named so that `core.muscles` knows them.

    Raises:
        InputError: A surface that is open, surfaces that cross, a muscle that is missing, or a leg that does not look like one.
    """
    surfaces = {surface.name: surface for surface in read_surfaces(folder)}
    yield Progress("making a leg of surfaces", 1, 4)
    missing = [name for name in TRICEPS_SURAE if name not in surfaces]
    if missing:
        raise InputError(
            f"closed surfaces of {', '.join(TRICEPS_SURAE)} in {folder}",
            f"none of {', '.join(missing)} (there are {', '.join(sorted(surfaces)) or 'no surfaces'})",
            "Add them; names such as Soleus.stl or GM.ply are understood.",
        )
    check_size(list(surfaces.values()), folder)
    turn, lateral = leg_frame(surfaces)
    codes = {name: CODES[name] for name in CODES if name in surfaces}
    side: Side = "left" if lateral > 0 else "right"
    return (yield from voxel_leg(surfaces, codes, turn, (folder.name, side), seed))


def voxel_leg(
    surfaces: Mapping[str, Surface],
    codes: Mapping[str, Tissue],
    turn: Float[np.ndarray, "3 3"],
    source: tuple[str, Side],
    seed: int = 0,
) -> Generator[Progress, None, VoxelLeg]:
    """A limb from closed surfaces in mm, turned so that the probe looks along y and z runs from its upper end.

    Args:
        surfaces: Name to surface.
        codes: Which of them become what tissue; where two overlap the earlier one counts.
        turn: From the surfaces' frame to the leg's.
        source: What to call it, and which side it is.
        seed: What the random numbers of its texture start from.

    Raises:
        InputError: A surface that is open, or surfaces that cross.
    """
    known = [surfaces[name] for name in codes]
    turned = [Surface(np.ascontiguousarray(s.vertices_mm @ turn.T), s.faces, s.name) for s in known]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)  # what they share is said below, part by part
        labels = voxelise(turned, STEP_XYZ_MM, MARGIN_MM)
    check_collisions(turned, labels)
    lookup = np.array([0, *(int(codes[s.name]) for s in turned)], dtype=np.uint8)
    yield Progress("making a leg of surfaces", 2, 4)
    tissues, grid = _wrapped(lookup[labels.array], labels.grid)
    yield Progress("making a leg of surfaces", 3, 4)
    strength, sharpness, normal = _surfaces(tissues, seed)
    outline, axis = _outline(tissues, grid)
    yield Progress("making a leg of surfaces", 4, 4)
    name, side = source
    return VoxelLeg(seed, name, side, tissues, grid, strength, sharpness, normal, outline, axis)


def leg_frame(surfaces: Mapping[str, Surface]) -> tuple[Float[np.ndarray, "3 3"], float]:
    """Rotation from the surfaces' frame to the leg's, and which way along x the lateral side lies.

    The long axis is that of all vertices; the gastrocnemius lies above SOL along it, and behind everything else.
    """
    middle = {name: surface.vertices_mm.mean(axis=0) for name, surface in surfaces.items()}
    vertices = np.concatenate([surface.vertices_mm for surface in surfaces.values()])
    _, _, axes = np.linalg.svd(vertices[:: max(1, len(vertices) // 20000)] - vertices.mean(axis=0), full_matrices=False)
    heads = 0.5 * (middle["GM"] + middle["GL"])
    z = -axes[0] * np.sign(np.dot(heads - middle["SOL"], axes[0]) or 1.0)
    before = np.mean([middle[name] for name in middle if name not in ("GM", "GL")], axis=0)
    y = before - heads
    y = y - np.dot(y, z) * z
    if not np.linalg.norm(y) > 1.0:
        raise InputError(
            "a gastrocnemius behind SOL and the other parts",
            f"one {np.linalg.norm(y):.1f} mm away from their middle",
            "Check that the surfaces are of one leg, and what they are called.",
        )
    y = y / np.linalg.norm(y)
    x = np.cross(y, z)
    return np.stack([x, y, z]), float(np.dot(middle["GL"] - middle["GM"], x))


def _wrapped(parts: UInt8[np.ndarray, "z y x"], grid: Grid) -> tuple[UInt8[np.ndarray, "kept y x"], Grid]:
    """Connective tissue between the parts, fascia, fat and skin around them; cut open at both ends, the middle at x = y = 0."""
    present = np.flatnonzero(parts.any(axis=(1, 2)))
    first, last = int(present[0]), int(present[-1]) + 1
    parts = parts[first:last]
    hull = np.stack([convex_hull(plane > 0) if np.count_nonzero(plane) > 8 else plane > 0 for plane in parts])
    inside: Bool[np.ndarray, "z y x"] = (smoothed(hull.astype(np.float32), (5.0, 1.5, 1.5)) > 0.5) | (parts > 0)
    x_mm, y_mm, z_mm = grid.spacing_xyz_mm
    padded = np.pad(inside, ((1, 1), (0, 0), (0, 0)), mode="edge")
    away = distance_to_false(~padded, (10.0 * z_mm, y_mm, x_mm))[1:-1]
    codes = parts.copy()
    codes[inside & (parts == 0)] = Tissue.DEEP_FAT
    limits = np.cumsum([0.0, FASCIA_MM, FAT_MM, SKIN_MM])
    for tissue, low, high in zip((Tissue.FASCIA, Tissue.FAT, Tissue.SKIN), limits, limits[1:], strict=False):
        codes[~inside & (away > low) & (away <= high)] = tissue
    _, rows, columns = codes.shape
    return codes, Grid(codes.shape, grid.spacing_xyz_mm, (-0.5 * (columns - 1) * x_mm, -0.5 * (rows - 1) * y_mm, 0.0))


def _surfaces(
    codes: UInt8[np.ndarray, "z y x"], seed: int
) -> tuple[Float32[np.ndarray, "z y x"], Float32[np.ndarray, "z y x"], Float32[np.ndarray, "2 z y x"]]:
    """Strength, sharpness and normal of the surface at each voxel; a stronger kind hides a weaker one."""
    rng = np.random.default_rng([seed, 0x7F5])
    noise = smoothed(rng.standard_normal(codes.shape, dtype=np.float32), (10.0, 12.0, 12.0))
    seen = 1.0 / (1.0 + np.exp(-(noise - np.quantile(noise[::4, ::4, ::4], 0.4)) / (0.2 * noise.std())))
    strength = np.zeros(codes.shape, dtype=np.float32)
    sharpness = np.ones(codes.shape, dtype=np.float32)
    normal = np.zeros((2, *codes.shape), dtype=np.float32)
    bones, wraps = (Tissue.TIBIA, Tissue.FIBULA), {Tissue.FAT: FAT_ECHO, Tissue.FASCIA: FASCIA_ECHO, Tissue.SKIN: SKIN_ECHO}
    present = [Tissue(int(code)) for code in np.unique(codes) if code]
    for tissue in sorted(present, key=lambda t: (t in bones, t in wraps, t)):
        echo = BONE_ECHO if tissue in bones else wraps.get(tissue, BORDER_ECHO)
        soft = smoothed((codes == tissue).astype(np.float32), (0.0, 0.8, 0.8))
        slope_y: Float32[np.ndarray, "z y x"] = np.gradient(soft, axis=1)
        slope_x: Float32[np.ndarray, "z y x"] = np.gradient(soft, axis=2)
        steep = np.hypot(slope_y, slope_x)
        edge = steep > 0.15
        visible = seen[edge] if echo is BORDER_ECHO else 1.0
        strength[edge] = echo[0] * visible * np.minimum(1.0, steep[edge] / 0.3) ** 2
        sharpness[edge] = echo[2]
        normal[0][edge], normal[1][edge] = slope_y[edge] / steep[edge], slope_x[edge] / steep[edge]
    return strength, sharpness, normal


def _outline(
    codes: UInt8[np.ndarray, "z y x"], grid: Grid
) -> tuple[Float[np.ndarray, "row point 2"], Float[np.ndarray, "row 2"]]:
    """The skin of each slice in steps of 3 degrees about its middle, and that middle."""
    points, axis = np.zeros((len(codes), 120, 2)), np.zeros((len(codes), 2))
    x_mm, y_mm, _ = grid.spacing_xyz_mm
    directions = np.deg2rad(np.arange(120) * 3.0 - 180.0)
    for row, plane in enumerate(codes):
        v, u = np.nonzero(plane)
        x, y = grid.origin_xyz_mm[0] + u * x_mm, grid.origin_xyz_mm[1] + v * y_mm
        axis[row] = x.mean(), y.mean()
        angle, r = np.arctan2(x - axis[row, 0], -(y - axis[row, 1])), np.hypot(x - axis[row, 0], y - axis[row, 1])
        radius = np.zeros(120)
        sector = np.rint((np.rad2deg(angle) + 180.0) / 3.0)
        np.maximum.at(radius, sector.astype(int) % 120, r)
        points[row] = axis[row] + radius[:, None] * np.stack([np.sin(directions), -np.cos(directions)], axis=1)
    return points, axis


@no_type_check
@compiled(parallel=True)
def _sample(codes, affine, out):
    for k in prange(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                x, y, z = place_of_voxel(affine, i, j, k)
                x, y, z = round(x), round(y), round(z)
                if 0 <= x < codes.shape[2] and 0 <= y < codes.shape[1] and 0 <= z < codes.shape[0]:
                    out[k, j, i] = codes[z, y, x]


@no_type_check
@compiled(parallel=True)
def _render(leg, poses, lines, scene):
    tissue, strength, sharpness, normal, to_index = leg
    first_row, last_row, shift = lines
    codes, echo, skin_row, skin_facing = scene
    n, rows, columns = codes.shape
    for f in prange(n):
        p = poses[f]
        bx, by = beam_direction(p)
        for u in range(columns):
            for v in range(first_row[f, u], last_row[f, u]):
                x, y, z = place_of_pixel(p, shift[f, u], u, v)
                i = round(to_index[0, 0] * x + to_index[0, 3])
                j = round(to_index[1, 1] * y + to_index[1, 3])
                k = round(to_index[2, 2] * z + to_index[2, 3])
                if not (0 <= i < tissue.shape[2] and 0 <= j < tissue.shape[1] and 0 <= k < tissue.shape[0]):
                    continue
                code = tissue[k, j, i]
                facing = abs(normal[1, k, j, i] * bx + normal[0, k, j, i] * by)
                if code != 0 and skin_row[f, u] == rows:
                    skin_row[f, u] = v
                    skin_facing[f, u] = facing if strength[k, j, i] > 0.0 else 1.0
                codes[f, v, u] = code
                echo[f, v, u] = strength[k, j, i] * facing ** sharpness[k, j, i]
