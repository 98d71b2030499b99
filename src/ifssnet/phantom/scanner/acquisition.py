"""One acquisition of a leg: volume, truth, and the sweeps where there are any."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from jaxtyping import Float

from ifssnet.compounding.compound import compound_sweeps
from ifssnet.compounding.holes.options import DistanceFilling, GaussianFilling
from ifssnet.compounding.options import CompoundOptions
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import Progress
from ifssnet.core.sweep import Sweep
from ifssnet.phantom.anatomy.labels import leg_labels
from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.scanner.direct_volume import direct_volume
from ifssnet.phantom.scanner.probe import Probe
from ifssnet.phantom.scanner.probe_path import probe_path
from ifssnet.phantom.scanner.protocol import PAPER, SMALL, ScanSettings, second_acquisition
from ifssnet.phantom.scanner.sweep import scan

VERSION = "phantom/1"
"""Name of this generator in results; whatever changes a byte of its output makes a new version."""

Via = Literal["scan", "direct"]

PAPER_VOXEL_MM, PAPER_VOXEL_SD_MM = 0.277, 0.015
FILL_MM = 1.0


@dataclass(frozen=True)
class VolumeSize:
    """How large a volume is.

    Attributes:
        in_plane: Pixel size of a slice, in the paper's voxels.
        along: Distance of slices, in the paper's voxels.
        columns: Rows and columns of a slice.
        settings: The settings of the sweeps.
    """

    in_plane: int
    along: int
    columns: int
    settings: ScanSettings


SIZES: Mapping[str, VolumeSize] = MappingProxyType(
    {
        "paper": VolumeSize(1, 1, 512, PAPER),
        "quarter": VolumeSize(4, 1, 128, ScanSettings(probe=Probe(pixel_mm=0.25))),
        "small": VolumeSize(8, 8, 64, SMALL),
    }
)
"""`paper`: 0.277 ± 0.015 mm, 512 x 512. `quarter`: four times that within slices, as many slices: 3 slices in 100 are the
same anatomy and the same share as in the paper. `small`: for tests."""


@dataclass(frozen=True, eq=False)
class Acquisition:
    """A leg as it was recorded.

    Attributes:
        volume: Grey levels.
        truth: SOL 1, GM 2, GL 3 on the volume's grid.
        sweeps: The recordings; none where the volume was made directly.
        settings: How.
        leg_to_world: Where the leg lay.
    """

    volume: Volume
    truth: LabelMap
    sweeps: tuple[Sweep, ...]
    settings: ScanSettings
    leg_to_world: Float[np.ndarray, "4 4"]


def size_named(name: str) -> VolumeSize:
    """A size by its name.

    Raises:
        InputError: There is none of that name.
    """
    if name not in SIZES:
        raise InputError(f"a size among {', '.join(SIZES)}", f"'{name}'", "Choose one of these.")
    return SIZES[name]


def volume_grid(leg: ScannableLeg, size: VolumeSize, settings: ScanSettings) -> Grid:
    """The grid of a leg's volume: slices across the leg, the probe's highest place at the top, sweeps in the middle.

    The voxel size varies from leg to leg, as LEG-3D-US' does.
    """
    rng = np.random.default_rng([leg.seed, 0x51E])
    voxel = PAPER_VOXEL_MM + PAPER_VOXEL_SD_MM * float(np.clip(rng.standard_normal(), -2.0, 2.0))
    in_plane, along = voxel * size.in_plane, voxel * size.along
    path = probe_path(leg, settings)
    slices = math.floor((path.to_mm - path.from_mm) / along)
    x = 0.5 * float(path.centre_mm.min() + path.centre_mm.max()) - 0.5 * (size.columns - 1) * in_plane
    y = float(path.top_mm.min()) - 1.0
    return Grid((slices, size.columns, size.columns), (in_plane, in_plane, along), (x, y, path.from_mm + 0.5 * along))


def place_of_second(seed: int, leg: ScannableLeg) -> Float[np.ndarray, "4 4"]:
    """Where the leg lies in the second acquisition: up to 4 degrees and 8 mm from the first, turned about the leg's middle."""
    rng = np.random.default_rng([seed, 0x2AC])
    a, b, c = np.deg2rad(rng.uniform(-4.0, 4.0, 3)) * (0.5, 0.5, 1.0)
    turn = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    turn = turn @ np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    turn = turn @ np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    middle = np.array([0.0, 0.0, 0.5 * leg.length_mm])
    out = np.eye(4)
    out[:3, :3] = turn
    out[:3, 3] = middle - turn @ middle + rng.uniform(-8.0, 8.0, 3) * (1.0, 0.6, 1.0)
    return out


def acquire(
    leg: ScannableLeg, size: VolumeSize, via: Via, number: int = 1, seed: int = 0
) -> Generator[Progress, None, Acquisition]:
    """Record a leg.

    Args:
        leg: The leg.
        size: The volume's size.
        via: "scan" by sweeps that are compounded as LEG-3D-US was (nearest, mean; Gaussian over 5 voxels in the holes, or
            by distance where voxels are not cubes);
            "direct" on the volume's grid.
        number: 1 for r1; 2 for r2, with more gain and a lower frequency, the leg moved by `place_of_second`.
        seed: What the recording's random numbers start from.
    """
    if number not in (1, 2):
        raise InputError("acquisition 1 or 2", f"{number}", "Choose one of these.")
    settings = size.settings if number == 1 else second_acquisition(size.settings)
    place = np.eye(4) if number == 1 else place_of_second(seed, leg)
    grid = volume_grid(leg, size, settings)
    sweeps: tuple[Sweep, ...] = ()
    if via == "direct":
        volume = yield from direct_volume(leg, grid, settings, 2 * seed + number, place)
    else:
        sweeps = tuple((yield from scan(leg, settings, 2 * seed + number, place)))
        volume = yield from compounded(sweeps, size, grid)
    return Acquisition(volume, leg_labels(leg, grid, leg_to_world=place), sweeps, settings, place)


def compounded(sweeps: tuple[Sweep, ...], size: VolumeSize, grid: Grid) -> Generator[Progress, None, Volume]:
    """Sweeps as a volume, as LEG-3D-US was compounded."""
    # Where voxels are long, five of them would blur millimetres of a slice: there, holes are filled by distance.
    holes = GaussianFilling() if size.in_plane == size.along else DistanceFilling(FILL_MM)
    options = CompoundOptions(interpolation="nearest", compounding="mean", holes=(holes,))
    # Of a digital leg every voxel counts, between the sweeps too: what was learned on such legs stays what it is.
    return replace((yield from compound_sweeps(sweeps, options, grid)).volume, seen=None)
