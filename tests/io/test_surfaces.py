"""Surface files: hand-written text, round trips of every writer, broken and fuzzed bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.images import Surface
from ifssnet.geometry.surfaces.mesh import enclosed_volume_mm3, open_edges
from ifssnet.io.volumes.surfaces import check_size, read_surface, read_surfaces, write_surface
from solids import ball, block, octahedron

CORNER_OBJ = b"""# a pyramid with a square foot, one polygon of four corners
v 0 0 0
v 2 0 0
v 2 2 0
v 0 2 0
v 1 1 3
f 4 3 2 1
f 1 2 5
f 2 3 5
f 3 4 5
f 4 1 5
"""

ASCII_STL = b"""solid corner
facet normal 0 0 -1
 outer loop
  vertex 0 0 0
  vertex 0 2 0
  vertex 2 0 0
 endloop
endfacet
facet normal 0 -1 0
 outer loop
  vertex 0 0 0
  vertex 2 0 0
  vertex 0 0 3
 endloop
endfacet
facet normal -1 0 0
 outer loop
  vertex 0 0 0
  vertex 0 0 3
  vertex 0 2 0
 endloop
endfacet
facet normal 1 1 1
 outer loop
  vertex 2 0 0
  vertex 0 2 0
  vertex 0 0 3
 endloop
endfacet
endsolid corner
"""


def volume(surface: Surface) -> float:
    return enclosed_volume_mm3(surface.vertices_mm, surface.faces)


def test_text_written_by_hand(tmp_path):
    (tmp_path / "Left_Soleus_smooth.obj").write_bytes(CORNER_OBJ)
    pyramid = read_surface(tmp_path / "Left_Soleus_smooth.obj")
    assert pyramid.name == "SOL"
    assert volume(pyramid) == pytest.approx(4)
    (tmp_path / "corner.STL").write_bytes(ASCII_STL)
    corner = read_surface(tmp_path / "corner.STL")
    assert corner.name == "corner"
    assert volume(corner) == pytest.approx(2)
    assert len(corner.vertices_mm) == 4


def test_a_folder_gives_its_surfaces_in_the_order_of_names(tmp_path):
    folder = tmp_path / "jambe gauche é"
    folder.mkdir()
    write_surface(octahedron(2.0), folder / "b_GastrocnemiusMedial.ply")
    write_surface(octahedron(3.0), folder / "a_tibia.stl")
    (folder / "notes.txt").write_text("not a surface", encoding="utf-8")
    surfaces = read_surfaces(folder)
    assert [surface.name for surface in surfaces] == ["a_tibia", "b_GastrocnemiusMedial"]
    write_surface(octahedron(1.0), folder / "VHF_Left_Muscle_Soleus_smooth.obj")
    assert read_surfaces(folder)[0].name == "SOL"


@pytest.mark.parametrize("suffix", [".stl", ".ply", ".obj"])
@settings(max_examples=15, deadline=None)
@example(radius=1.0, centre=(0.0, 0.0, 0.0), name="ends in a backslash \\")
@given(
    radius=st.floats(0.5, 80),
    centre=st.tuples(*[st.floats(-900, 900)] * 3),
    name=st.text(st.characters(blacklist_categories=("Cs",)), max_size=30),
)
def test_what_is_written_is_read_again(tmp_path_factory, suffix, radius, centre, name):
    sphere = ball(radius, centre, subdivisions=1, name=name)
    path = tmp_path_factory.mktemp("surface") / f"GL{suffix}"
    write_surface(sphere, path)
    again = read_surface(path)
    assert again.name == "GL"
    assert len(again.faces) == len(sphere.faces)
    corners = again.vertices_mm[again.faces]
    original = sphere.vertices_mm[sphere.faces]
    np.testing.assert_allclose(np.sort(corners, axis=None), np.sort(original, axis=None), atol=1e-4)
    assert volume(again) == pytest.approx(volume(sphere), rel=1e-3)


@pytest.mark.parametrize("suffix", [".stl", ".ply", ".obj"])
def test_another_reader_sees_the_same_solid(tmp_path, suffix):
    path = tmp_path / f"SOL{suffix}"
    write_surface(block((1, 2, 3), (5, 5, 5)), path)
    mesh = trimesh.load_mesh(path)
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(4 * 3 * 2)


def test_slicers_word_for_ras_turns_x_and_y(tmp_path):
    write_surface(block((1, 2, 3), (5, 5, 5)), tmp_path / "GM.ply")
    (tmp_path / "GM.ply").write_bytes((tmp_path / "GM.ply").read_bytes().replace(b"SPACE=LPS", b"SPACE=RAS"))
    turned = read_surface(tmp_path / "GM.ply")
    np.testing.assert_allclose(turned.vertices_mm.min(axis=0), (-5, -5, 3))
    assert volume(turned) == pytest.approx(24)


def test_an_inward_surface_is_turned_and_one_turned_triangle_mended_with_a_word(tmp_path):
    solid = octahedron(3.0)
    write_surface(Surface(solid.vertices_mm, solid.faces[:, ::-1]), tmp_path / "inward.stl")
    assert volume(read_surface(tmp_path / "inward.stl")) == pytest.approx(36, rel=1e-5)
    faces = solid.faces.copy()
    faces[3] = faces[3, ::-1]
    write_surface(Surface(solid.vertices_mm, faces), tmp_path / "one.ply")
    with pytest.warns(InputWarning, match="one.ply"):
        mended = read_surface(tmp_path / "one.ply")
    assert volume(mended) == pytest.approx(36, rel=1e-5)


def test_an_open_surface_is_refused_by_name_and_number_of_open_edges(tmp_path):
    solid = octahedron(3.0)
    write_surface(Surface(solid.vertices_mm, solid.faces[2:]), tmp_path / "Soleus.stl")
    with pytest.raises(InputError, match=r"Soleus\.stl with 4 open edges") as refused:
        read_surfaces(tmp_path)
    assert refused.value.remedy


def test_what_is_not_a_surface_is_refused_by_name(tmp_path):
    cases = {
        "empty.stl": b"",
        "letters.stl": b"hello",
        "none.obj": b"# nothing\n",
        "points.obj": b"v 0 0 0\nv 1 0 0\n",
        "nan.obj": CORNER_OBJ.replace(b"v 1 1 3", b"v 1 nan 3"),
        "missing.obj": CORNER_OBJ.replace(b"f 4 1 5", b"f 4 1 9"),
        "line.obj": b"v 0 0 0\nv 1 0 0\nv 0 0 0\nf 1 2 3\n",
        "lies.ply": b"ply\nformat binary_little_endian 1.0\nelement vertex 999999999999\nproperty float x\nproperty float y\n"
        b"property float z\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n",
        "text.ply": b"ply\nformat ascii 1.0\nelement vertex 999999999999\nproperty float x\nproperty float y\n"
        b"property float z\nelement face 888888888888\nproperty list uchar int vertex_indices\nend_header\n"
        b"0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n",
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name):
            read_surface(tmp_path / name)
    with pytest.raises(InputError, match="can be read"):
        read_surface(tmp_path / "absent.stl")
    with pytest.raises(InputError, match=r"\.stl, \.ply or \.obj"):
        read_surface(tmp_path / "mesh.vtp")
    (tmp_path / "void").mkdir()
    with pytest.raises(InputError, match="without any"):
        read_surfaces(tmp_path / "void")


def test_two_files_for_one_muscle_are_refused(tmp_path):
    write_surface(octahedron(1.0), tmp_path / "Left_Soleus.stl")
    write_surface(octahedron(1.0), tmp_path / "soleus.ply")
    with pytest.raises(InputError, match=r"Left_Soleus.stl and soleus.ply, both SOL"):
        read_surfaces(tmp_path)


def test_only_the_named_muscles_are_opened_in_the_order_asked(tmp_path):
    for name in ("Left_Soleus", "Left_GastrocnemiusLateral"):
        write_surface(octahedron(1.0), tmp_path / f"{name}.stl")
    (tmp_path / "Left_Tibia.stl").write_bytes(b"broken")
    assert [surface.name for surface in read_surfaces(tmp_path, ["GL", "soleus"])] == ["GL", "SOL"]
    with pytest.raises(InputError, match="a surface for GM"):
        read_surfaces(tmp_path, ["SOL", "GM"])


def test_a_target_that_exists_or_cannot_be_written_is_refused(tmp_path):
    write_surface(octahedron(1.0), tmp_path / "a.stl")
    before = (tmp_path / "a.stl").read_bytes()
    with pytest.raises(InputError):
        write_surface(octahedron(2.0), tmp_path / "a.stl")
    assert (tmp_path / "a.stl").read_bytes() == before
    write_surface(octahedron(2.0), tmp_path / "a.stl", force=True)
    with pytest.raises(InputError):
        write_surface(octahedron(2.0), tmp_path / "nowhere" / "a.stl")
    with pytest.raises(InputError, match="ends in"):
        write_surface(octahedron(2.0), tmp_path / "a.vtp")
    with pytest.raises(InputError, match="triangles"):
        write_surface(Surface(np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64)), tmp_path / "b.stl")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.stl"]


@pytest.mark.filterwarnings("ignore::ifssnet.core.errors.InputWarning")
@pytest.mark.parametrize("suffix", [".stl", ".ply", ".obj", ".text.stl"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_the_bytes_only_an_input_error_comes_out(tmp_path_factory, suffix, data):
    path = tmp_path_factory.mktemp("fuzz") / f"SOL{suffix}"
    if suffix == ".text.stl":
        content = bytearray(ASCII_STL)
    else:
        write_surface(octahedron(3.0), path)
        content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "digit"]))
        place = data.draw(st.integers(0, max(len(content) - 1, 0)))
        if kind == "flip" and content:
            content[place] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del content[place : place + data.draw(st.integers(1, 200))]
        elif kind == "digit":
            content[place:place] = data.draw(st.sampled_from([b"9999999999", b"-1", b"nan", b"1e999", b"0"]))
        else:
            content[place:place] = data.draw(st.binary(max_size=40))
    path.write_bytes(bytes(content))
    try:
        surface = read_surface(path)
    except InputError:
        return
    assert open_edges(surface.faces) == 0
    assert np.isfinite(surface.vertices_mm).all()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["stl", "ply", "obj"]))
def test_arbitrary_bytes_are_refused(tmp_path_factory, content, suffix):
    path = tmp_path_factory.mktemp("fuzz") / f"x.{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_surface(path)


@pytest.mark.parametrize(("factor", "unit"), [(1e-3, "metres"), (0.1, "cm"), (1e3, "micrometres"), (1e-5, "")])
def test_surfaces_in_another_unit_are_refused_with_the_likely_one(tmp_path, factor, unit):
    leg = ball(20.0)
    small = Surface(leg.vertices_mm * factor, leg.faces, "SOL")
    with pytest.raises(InputError, match=f"from end to end; they may be in {unit}" if unit else "from end to end"):
        check_size([small], tmp_path)


def test_a_leg_below_50_mm_is_warned_of_and_a_whole_one_is_not(tmp_path):
    leg = ball(20.0)
    with pytest.warns(InputWarning, match="longer than 50 mm; got .* of 40 mm"):
        check_size([leg], tmp_path)
    # Two muscles that together are as long as a leg.
    check_size([leg, Surface(leg.vertices_mm + 100.0, leg.faces, "GM")], tmp_path)


def test_several_parts_of_one_file_are_said(tmp_path: Path) -> None:
    parts = [octahedron(30.0), octahedron(20.0)]
    for surface, name in zip(parts, ("one.obj", "other.obj"), strict=True):
        write_surface(surface, tmp_path / name)
    first, second = ((tmp_path / name).read_text(encoding="utf-8") for name in ("one.obj", "other.obj"))
    corners = len(parts[0].vertices_mm)
    moved = [
        f"f {' '.join(str(int(word) + corners) for word in line.split()[1:])}" if line.startswith("f ") else line
        for line in second.splitlines()
    ]
    (tmp_path / "leg.obj").write_text("\n".join(["o SOL", first, "o GM", *moved]), encoding="utf-8")
    with pytest.warns(InputWarning, match=r"holds 2 parts \(SOL, GM\); they were read as one surface"):
        assert len(read_surface(tmp_path / "leg.obj").faces) == 16
