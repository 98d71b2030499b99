"""Where voxels lie. Index-to-millimetre arithmetic lives here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ifssnet.core.errors import InputError

Matrix3 = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
IDENTITY: Matrix3 = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

MAX_VOXELS = 2**33
"""8.6 thousand million voxels, some 17 times the paper's largest volume: anything beyond is a broken header."""

ORTHONORMAL_TOLERANCE = 1e-3


@dataclass(frozen=True)
class GridSummary:
    """What a person wants to know of a grid.

    Attributes:
        shape_zyx: Voxels along z, y and x.
        spacing_xyz_mm: From one voxel centre to the next.
        origin_xyz_mm: Centre of voxel (0, 0, 0), LPS.
        direction: Column `j` is the unit vector of axis `j`, LPS.
        extent_xyz_mm: Length of the whole field of view, to a micrometre.
        voxels: How many there are.
    """

    shape_zyx: tuple[int, int, int]
    spacing_xyz_mm: tuple[float, float, float]
    origin_xyz_mm: tuple[float, float, float]
    direction: Matrix3
    extent_xyz_mm: tuple[float, ...]
    voxels: int


@dataclass(frozen=True)
class Grid:
    """A regular grid of voxels in patient space.

    Arrays on the grid are indexed ``[z, y, x]`` and slices are taken along axis 0; positions are
    (x, y, z) in millimetres, LPS (x to the patient's left, y to posterior, z to superior).

    Attributes:
        shape_zyx: Number of voxels along z, y and x.
        spacing_xyz_mm: Distance between voxel centres along the grid's x, y and z axes.
        origin_xyz_mm: Position of the centre of voxel (0, 0, 0).
        direction: 3 x 3, row-major; column ``j`` is the unit vector, in LPS, of the grid's axis ``j`` (x, y, z).

    Raises:
        InputError: Not three positive dimensions, more than `MAX_VOXELS` voxels, a spacing that is not positive
            and finite, an origin that is not finite, or a direction that is not orthonormal within 1e-3.
    """

    shape_zyx: tuple[int, int, int]
    spacing_xyz_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin_xyz_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: Matrix3 = IDENTITY

    def __post_init__(self) -> None:
        if len(self.shape_zyx) != 3 or any(n < 1 for n in self.shape_zyx):
            raise InputError(
                "three dimensions of at least one voxel",
                f"{' x '.join(map(str, self.shape_zyx))} voxels (z, y, x)",
                "Check the size in the file's header.",
            )
        if math.prod(self.shape_zyx) > MAX_VOXELS:
            raise InputError(
                f"at most {MAX_VOXELS:,} voxels",
                f"{' x '.join(map(str, self.shape_zyx))} voxels (z, y, x)",
                "Check the size in the file's header, or choose a larger spacing.",
            )
        if len(self.spacing_xyz_mm) != 3 or not all(math.isfinite(s) and s > 0 for s in self.spacing_xyz_mm):
            raise InputError(
                "a spacing in mm that is positive and finite along x, y and z",
                f"{self.spacing_xyz_mm}",
                "Check the spacing in the file's header, or give one.",
            )
        if len(self.origin_xyz_mm) != 3 or not all(math.isfinite(o) for o in self.origin_xyz_mm):
            raise InputError("a finite origin in mm", f"{self.origin_xyz_mm}", "Check the origin in the file's header.")
        matrix = np.asarray(self.direction, dtype=np.float64)
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
            raise InputError("a finite 3 x 3 direction", f"{self.direction}", "Check the axes in the file's header.")
        if not np.allclose(matrix.T @ matrix, np.eye(3), atol=ORTHONORMAL_TOLERANCE):
            raise InputError(
                "orthonormal grid axes (unit length, at right angles)",
                f"axes with the scalar products {np.round(matrix.T @ matrix, 4).tolist()}",
                "Resample the image to an unsheared grid, or correct the direction in the file's header.",
            )

    @property
    def in_words(self) -> str:
        """Its size on one line.

        >>> Grid((60, 44, 50), (1.0, 1.0, 2.0)).in_words
        '60 x 44 x 50 voxels of 2 x 1 x 1 mm (z, y, x)'
        """
        shape, spacing = (" x ".join(f"{value:g}" for value in each) for each in (self.shape_zyx, self.spacing_zyx_mm))
        return f"{shape} voxels of {spacing} mm (z, y, x)"

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel."""
        return math.prod(self.spacing_xyz_mm)

    @property
    def pixel_area_mm2(self) -> float:
        """Area of one pixel of a slice."""
        return self.spacing_xyz_mm[0] * self.spacing_xyz_mm[1]

    @property
    def summary(self) -> GridSummary:
        """What a person wants to know of it."""
        extent = tuple(round(n * s, 3) for n, s in zip(reversed(self.shape_zyx), self.spacing_xyz_mm, strict=True))
        return GridSummary(self.shape_zyx, self.spacing_xyz_mm, self.origin_xyz_mm, self.direction, extent, self.voxels)

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape_zyx)

    @property
    def slices(self) -> int:
        """Number of slices, along axis 0 of an array."""
        return self.shape_zyx[0]

    @property
    def spacing_zyx_mm(self) -> tuple[float, float, float]:
        """The spacing in the order of an array's axes."""
        x, y, z = self.spacing_xyz_mm
        return (z, y, x)

    @property
    def index_to_mm(self) -> Float[np.ndarray, "4 4"]:
        """The affine that takes (x index, y index, z index, 1) to (x, y, z, 1) in mm, LPS."""
        affine = np.eye(4)
        affine[:3, :3] = np.asarray(self.direction) * np.asarray(self.spacing_xyz_mm)
        affine[:3, 3] = self.origin_xyz_mm
        return affine

    @property
    def mm_to_index(self) -> Float[np.ndarray, "4 4"]:
        """The inverse of `index_to_mm`."""
        return np.linalg.inv(self.index_to_mm)

    @property
    def corners_mm(self) -> Float[np.ndarray, "8 3"]:
        """Centres of the eight corner voxels, in mm."""
        z, y, x = self.shape_zyx
        index_xyz = np.array([(i, j, k) for k in (0, z - 1) for j in (0, y - 1) for i in (0, x - 1)], dtype=np.float64)
        return self.points_to_mm(index_xyz)

    def points_to_mm(self, index_xyz: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Positions in mm of points given as (x, y, z) indices, which need not be whole."""
        affine = self.index_to_mm
        return index_xyz @ affine[:3, :3].T + affine[:3, 3]

    def points_to_index(self, position_xyz_mm: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """(x, y, z) indices, not rounded, of points in mm."""
        affine = self.mm_to_index
        return position_xyz_mm @ affine[:3, :3].T + affine[:3, 3]

    def cropped(self, start_zyx: Sequence[int], shape_zyx: Sequence[int]) -> Grid:
        """The grid of `array[start : start + shape]`; `start_zyx` may be negative, for padding."""
        z, y, x = start_zyx
        origin = self.points_to_mm(np.array([[x, y, z]], dtype=np.float64))[0]
        a, b, c = shape_zyx
        return replace(self, shape_zyx=(a, b, c), origin_xyz_mm=(float(origin[0]), float(origin[1]), float(origin[2])))

    def distance_from(self, other: Grid) -> float:
        """How far, in mm, the corner voxels of two grids of the same shape lie apart at most; infinite for other shapes."""
        if self.shape_zyx != other.shape_zyx:
            return math.inf
        return float(np.linalg.norm(self.corners_mm - other.corners_mm, axis=1).max())

    def matches(self, other: Grid, tolerance_voxels: float = 0.01) -> bool:
        """Whether two grids have the same shape and their corners lie within a fraction of a voxel."""
        return self.distance_from(other) <= tolerance_voxels * min(self.spacing_xyz_mm)
