"""Legs of surfaces whose volumes and places are known without a computer: ellipsoids for muscles, cylinders for bones."""

from __future__ import annotations

import re
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.ndimage import binary_fill_holes

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.images import Surface
from ifssnet.core.progress import drain
from ifssnet.io.volumes.surfaces import write_surface
from ifssnet.phantom.anatomy.tissue import Tissue
from ifssnet.phantom.anatomy.voxel_leg import FASCIA_MM, FAT_MM, SKIN_MM, VoxelLeg, leg_of_surfaces
from ifssnet.workflow.cohorts.phantom_files import LegOptions, make_leg

# Patient coordinates of a standing left leg: x to the left (lateral), y to the back, z up.
MUSCLES = {
    "Soleus": ((0.0, 4.0, 0.0), (16.0, 9.0, 50.0)),
    "GastrocnemiusMedial": ((-12.0, 22.0, 30.0), (10.0, 8.0, 35.0)),
    "GastrocnemiusLateral": ((12.0, 22.0, 34.0), (9.0, 7.0, 30.0)),
}
BONES = {"Tibia": ((-8.0, -16.0, 0.0), 7.0), "Fibula": ((18.0, -8.0, 0.0), 3.5)}
LENGTH_MM = 130.0
STEP_Y_MM = 0.6


def ellipsoid(centre, radii, name: str) -> Surface:
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=1.0)
    return Surface(np.array(mesh.vertices) * radii + np.array(centre), np.array(mesh.faces, dtype=np.int64), name)


def cylinder(centre, radius: float, name: str) -> Surface:
    mesh = trimesh.creation.cylinder(radius=radius, height=LENGTH_MM, sections=64)
    return Surface(np.array(mesh.vertices) + np.array(centre), np.array(mesh.faces, dtype=np.int64), name)


def write(folder: Path, moved=None, without: tuple[str, ...] = (), **changed: Surface) -> Path:
    """The leg's surfaces, each through `moved`; some left out or replaced."""
    folder.mkdir(exist_ok=True)
    parts = {name: ellipsoid(*place, name) for name, place in MUSCLES.items()}
    parts |= {name: cylinder(*place, name) for name, place in BONES.items()}
    for name, part in (parts | changed).items():
        if name not in without:
            vertices = part.vertices_mm if moved is None else moved(part.vertices_mm)
            write_surface(Surface(np.ascontiguousarray(vertices), part.faces, name), folder / f"{name}.stl")
    return folder


@pytest.fixture(scope="module")
def leg(tmp_path_factory) -> VoxelLeg:
    return drain(leg_of_surfaces(write(tmp_path_factory.mktemp("surfaces") / "left")))


def volume_cm3(leg: VoxelLeg, code: int) -> float:
    return np.count_nonzero(leg.codes == code) * leg.grid.voxel_volume_mm3 / 1000


def check_volumes(leg: VoxelLeg) -> None:
    for code, name in ((Tissue.SOL, "Soleus"), (Tissue.GM, "GastrocnemiusMedial"), (Tissue.GL, "GastrocnemiusLateral")):
        a, b, c = MUSCLES[name][1]
        # A sphere of 5120 triangles lacks half a percent.
        assert volume_cm3(leg, code) == pytest.approx(4 / 3 * np.pi * a * b * c / 1000, rel=0.015), name
    for code, name in ((Tissue.TIBIA, "Tibia"), (Tissue.FIBULA, "Fibula")):
        assert volume_cm3(leg, code) == pytest.approx(np.pi * BONES[name][1] ** 2 * LENGTH_MM / 1000, rel=0.02), name


def test_volumes_are_those_of_the_solids(leg) -> None:
    check_volumes(leg)
    assert leg.length_mm == pytest.approx(LENGTH_MM, abs=6)


def test_places_are_those_of_the_solids_seen_by_the_probe(leg) -> None:
    """The calf up, the knee first, the lateral side of a left leg to greater x; distances as between the solids."""
    assert leg.side == "left"
    middle = {
        c: leg.grid.points_to_mm(np.argwhere(leg.codes == c)[:, ::-1].astype(float)).mean(axis=0) for c in (1, 2, 3, 4, 5)
    }
    for code, name in ((2, "GastrocnemiusMedial"), (3, "GastrocnemiusLateral")):
        away = np.array(MUSCLES[name][0]) - np.array(MUSCLES["Soleus"][0])
        seen = middle[code] - middle[1]
        assert np.linalg.norm(seen) == pytest.approx(np.linalg.norm(away), abs=0.6)
        # The heads lie towards the knee (smaller z) and behind (smaller y); the long axis is found, not given.
        assert np.degrees(np.arccos(np.dot(seen, away * [1, -1, -1]) / np.linalg.norm(seen) / np.linalg.norm(away))) < 20
    assert middle[2][0] < middle[1][0] < middle[3][0]
    assert middle[4][1] > middle[1][1]
    assert middle[5][0] > middle[4][0]


def test_a_mirrored_leg_is_a_right_one(tmp_path: Path) -> None:
    leg = drain(leg_of_surfaces(write(tmp_path / "right", lambda v: v * np.array([-1.0, 1.0, 1.0]))))
    assert leg.side == "right"
    check_volumes(leg)


def test_however_the_leg_lies_in_the_room(tmp_path: Path, leg) -> None:
    a, b = np.deg2rad(70.0), np.deg2rad(-35.0)
    turn = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    turn = turn @ np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    moved = drain(leg_of_surfaces(write(tmp_path / "room", lambda v: v @ turn.T + np.array([250.0, -90.0, 1000.0]))))
    assert moved.side == "left"
    check_volumes(moved)
    assert volume_cm3(moved, Tissue.FAT) == pytest.approx(volume_cm3(leg, Tissue.FAT), rel=0.02)


def test_fascia_fat_and_skin_wrap_the_leg_and_leave_no_hole(leg) -> None:
    for plane in leg.codes:
        inside = plane > 0
        assert np.array_equal(binary_fill_holes(inside), inside)
    outer = {int(Tissue.SKIN), int(Tissue.WATER)}
    for row in (leg.codes[:, 0], leg.codes[:, -1], leg.codes[:, :, 0], leg.codes[:, :, -1]):
        assert set(np.unique(row).tolist()) <= outer
    # Down the line on which the calf is highest: water, skin, fat, fascia, as thick as they say.
    k, _, i = min(np.argwhere(leg.codes == Tissue.FASCIA), key=lambda place: place[1])
    line = leg.codes[k, : leg.codes.shape[1] // 2, i]
    order = [int(line[0]), *(int(b) for a, b in pairwise(line) if a != b)]
    assert order[:4] == [Tissue.WATER, Tissue.SKIN, Tissue.FAT, Tissue.FASCIA]
    for tissue, thick in ((Tissue.SKIN, SKIN_MM), (Tissue.FAT, FAT_MM), (Tissue.FASCIA, FASCIA_MM)):
        assert np.count_nonzero(line == tissue) * STEP_Y_MM == pytest.approx(thick, abs=1.5 * STEP_Y_MM), tissue.name


def test_the_same_folder_gives_the_same_leg(tmp_path: Path, leg) -> None:
    again = drain(leg_of_surfaces(write(tmp_path / "left")))
    assert np.array_equal(again.codes, leg.codes)
    assert np.array_equal(again.strength, leg.strength)


def held(centre, radii, places) -> np.ndarray:
    return sum(((p - c) / r) ** 2 for p, c, r in zip(places, centre, radii, strict=True)) < 1


def shared_cm3(soleus, head) -> float:
    """What two ellipsoids share, on a grid of our own."""
    z, y, x = np.mgrid[-70:71:0.5, -10:40:0.5, -30:30:0.5]
    return np.count_nonzero(held(*soleus, (x, y, z)) & held(*head, (x, y, z))) * 0.125 / 1000


def test_crossing_surfaces_are_refused_with_what_they_share(tmp_path: Path) -> None:
    """SOL pushed into the heads: the figure is the volume of the places inside both ellipsoids."""
    pushed = ((0.0, 10.0, 0.0), MUSCLES["Soleus"][1])
    folder = write(tmp_path / "crossing", Soleus=ellipsoid(*pushed, "Soleus"))
    with pytest.raises(InputError, match="do not cross") as said:
        drain(leg_of_surfaces(folder))
    told = re.search(r"SOL and (GM|GL) share ([\d.]+) cm3", str(said.value))
    assert told is not None
    head = {"GM": "GastrocnemiusMedial", "GL": "GastrocnemiusLateral"}[told[1]]
    assert float(told[2]) == pytest.approx(shared_cm3(pushed, MUSCLES[head]), rel=0.08)


def test_surfaces_that_only_touch_are_taken_and_said(tmp_path: Path) -> None:
    """The first push, in steps of half a millimetre, that makes them share anything is far from half a percent."""
    medial = MUSCLES["GastrocnemiusMedial"]
    smaller_cm3 = 4 / 3 * np.pi * np.prod(medial[1]) / 1000
    pushes = [((0.0, 4.0 + step, 0.0), MUSCLES["Soleus"][1]) for step in np.arange(0.0, 8.0, 0.25)]
    touching = next(p for p in pushes if 0.0005 < shared_cm3(p, medial) / smaller_cm3 < 0.004)
    folder = write(tmp_path / "touching", Soleus=ellipsoid(*touching, "Soleus"))
    with pytest.warns(InputWarning, match=r"share [\d.]+ cm3"):
        leg = drain(leg_of_surfaces(folder))
    check_volumes(leg)


def refused(folder: Path, *words: str) -> None:
    """The words are said, and the leg's folder is not there afterwards."""
    target = folder.parent / "leg"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        with pytest.raises(InputError) as said:
            drain(make_leg(target, LegOptions(size="small", via="direct", anatomy=folder)))
    for word in words:
        assert word in str(said.value)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize(("lacking", "name"), [("Soleus", "SOL"), ("GastrocnemiusLateral", "GL")])
def test_a_missing_muscle_is_named(tmp_path: Path, lacking: str, name: str) -> None:
    refused(write(tmp_path / "parts", without=(lacking,)), name, "parts")


def test_an_open_surface_is_named(tmp_path: Path) -> None:
    whole = ellipsoid(*MUSCLES["Soleus"], "Soleus")
    hole = Surface(whole.vertices_mm, whole.faces[1:], "Soleus")
    # Three edges have lost one of their two triangles.
    refused(write(tmp_path / "parts", Soleus=hole), "Soleus.stl", "3 open edges")


def test_two_files_for_one_muscle_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "parts")
    (folder / "GM.stl").write_bytes((folder / "GastrocnemiusMedial.stl").read_bytes())
    refused(folder, "GM.stl", "GastrocnemiusMedial.stl")


def test_a_folder_without_surfaces_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    refused(folder, "parts")
    write(folder)
    (folder / "Soleus.stl").write_bytes(b"not a surface")
    refused(folder, "Soleus.stl")


def test_a_muscle_in_metres_is_no_leg(tmp_path: Path) -> None:
    """Whatever is said of surfaces a thousand times too small, it is said in words."""
    refused(write(tmp_path / "parts", lambda v: v / 1000.0))


@pytest.mark.slow
@pytest.mark.realdata
def test_a_real_leg_keeps_its_volumes_in_a_small_volume(shared_data: Path, tmp_path: Path) -> None:
    """Voxels of 2.2 mm, and the volumes are still those that the surfaces enclose (data page)."""
    told = drain(
        make_leg(
            tmp_path / "leg",
            LegOptions(seed=1, size="small", via="direct", anatomy=shared_data / "legs" / "VHF_surfaces" / "Left"),
        )
    )
    first = told["r1"]
    assert isinstance(first, dict)
    found = first["volumes_cm3"]
    assert isinstance(found, dict)
    for name, volume in (("SOL", 320), ("GM", 202), ("GL", 86)):
        assert found[name] == pytest.approx(volume, rel=0.02), name
