"""Legs of closed surfaces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import Surface
from ifssnet.core.progress import drain
from ifssnet.geometry.surfaces.surface import surface_of
from ifssnet.io.volumes.surfaces import write_surface
from ifssnet.phantom.anatomy.labels import leg_grid, leg_labels
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.subject import Muscle, Subject
from ifssnet.phantom.anatomy.tissue import Tissue
from ifssnet.phantom.anatomy.voxel_leg import leg_of_surfaces
from ifssnet.phantom.scanner.direct_volume import direct_volume
from ifssnet.phantom.scanner.protocol import SMALL

# Neighbours' surfaces, smoothed one by one, overlap by fractions of a voxel.
pytestmark = pytest.mark.filterwarnings("ignore:The surfaces touch")

# A small leg, so that voxelising it at 0.6 mm stays quick.
SHORT = Subject(
    seed=1,
    leg_mm=160.0,
    sol=Muscle(60.0, 28.0, 115.0, 1.4, 2.2),
    gm=Muscle(36.0, 4.0, 88.0, 0.8, 0.8),
    gl=Muscle(20.0, 6.0, 80.0, 0.8, 1.0),
    rest_scale=0.3,
    fat_mm=2.5,
)
PARTS = ("SOL", "GM", "GL", "TIBIA", "FIBULA", "TA")


def _folder(folder: Path, side: str, parts: tuple[str, ...] = PARTS) -> Path:
    """Surfaces of a digital leg in another frame: x to the right, y forwards, z up, somewhere in the room."""
    leg = build_leg(Subject(**{**SHORT.__dict__, "side": side}))
    labels = leg_labels(leg, leg_grid(leg, (1.2, 1.2, 2.0)), PARTS)
    for name in parts:
        surface = surface_of(labels, labels.value_of(name))
        moved = surface.vertices_mm * np.array([-1.0, 1.0, -1.0]) + np.array([300.0, 200.0, 900.0])
        write_surface(Surface(np.ascontiguousarray(moved), surface.faces, name), folder / f"{name}.stl")
    return folder


@pytest.mark.parametrize("side", ["left", "right"])
def test_surfaces_become_a_leg_the_right_way_round(tmp_path: Path, side) -> None:
    leg = drain(leg_of_surfaces(_folder(tmp_path, side)))
    assert leg.side == side
    grid = Grid((60, 70, 70), (1.6, 1.6, leg.length_mm / 60), (-55.0, -55.0, 0.5 * leg.length_mm / 60))
    codes = leg.tissues(grid.index_to_mm, grid.shape_zyx)
    for value, muscle in ((1, SHORT.sol), (2, SHORT.gm), (3, SHORT.gl)):
        volume = np.count_nonzero(codes == value) * grid.voxel_volume_mm3 / 1000
        assert volume == pytest.approx(muscle.volume_cm3, rel=0.08)
    middle = {value: np.argwhere(codes == value).mean(axis=0) for value in (1, 2, 3, 4)}
    assert middle[2][0] < middle[1][0]
    assert middle[2][1] < middle[4][1]
    assert (middle[3][2] > middle[2][2]) == (side == "left")
    assert {int(t) for t in (Tissue.SKIN, Tissue.FAT, Tissue.FASCIA)} <= set(np.unique(codes).tolist())


def test_it_can_be_imaged(tmp_path: Path) -> None:
    leg = drain(leg_of_surfaces(_folder(tmp_path, "left")))
    grid = Grid((3, 60, 60), (2.0, 2.0, 10.0), (-60.0, -50.0, 50.0))
    image = drain(direct_volume(leg, grid, SMALL, seed=1)).array.astype(float)
    codes = leg.tissues(grid.index_to_mm, grid.shape_zyx)
    muscle = image[np.isin(codes, (1, 2, 3))].mean()
    assert 25 < muscle < 110
    assert image[codes == Tissue.WATER].mean() < 0.3 * muscle


def test_a_missing_muscle_and_an_open_surface_are_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "left", ("SOL", "GM"))
    with pytest.raises(InputError, match="GL"):
        drain(leg_of_surfaces(folder))
    corner = Surface(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2]]), "GL")
    write_surface(corner, folder / "GL.stl")
    with pytest.raises(InputError, match="closed"):
        drain(leg_of_surfaces(folder))


@pytest.mark.realdata
@pytest.mark.slow
def test_a_real_leg_keeps_its_volumes(shared_data: Path) -> None:
    leg = drain(leg_of_surfaces(shared_data / "legs" / "VHF_surfaces" / "Left"))
    assert leg.side == "left"
    for value, volume in ((1, 320), (2, 202), (3, 86)):
        found = np.count_nonzero(leg.codes == value) * leg.grid.voxel_volume_mm3 / 1000
        assert found == pytest.approx(volume, rel=0.01)
