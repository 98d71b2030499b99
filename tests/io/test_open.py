from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid, Matrix3
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.provenance import MethodDescription, Provenance
from ifssnet.core.segmentation import Segmentation
from ifssnet.io.kinds import KINDS, kind_of
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import SUFFIXES, save

VOLUMES = [suffix for suffix in SUFFIXES if suffix != ".seg.nrrd"]
BOUNDED = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _rotation(quaternion: list[float]) -> np.ndarray:
    w, x, y, z = np.array(quaternion) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    shape = draw(st.tuples(*[st.integers(1, 7)] * 3))
    spacing = draw(st.tuples(*[st.floats(0.01, 20)] * 3))
    origin = draw(st.tuples(*[st.floats(-500, 500)] * 3))
    quaternion = draw(st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1))
    flips = np.diag([1.0, 1.0, draw(st.sampled_from([-1.0, 1.0]))])
    rows = [(float(a), float(b), float(c)) for a, b, c in _rotation(quaternion) @ flips]
    direction: Matrix3 = (rows[0], rows[1], rows[2])
    return Grid(shape, spacing, origin, direction)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20).map(str.strip)
KEYS = st.from_regex(r"[A-Z][A-Za-z_]{3,12}[0-9]", fullmatch=True).filter(lambda key: not key.startswith("Segment"))


@pytest.mark.parametrize("suffix", VOLUMES)
@BOUNDED
@given(grid=grids(), data=st.data())
def test_volumes_go_round(tmp_path: Path, suffix: str, grid: Grid, data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]))
    order = data.draw(st.sampled_from("<>"))
    array = np.random.default_rng(grid.voxels).integers(0, 100, grid.shape_zyx).astype(order + dtype)
    header = data.draw(st.dictionaries(KEYS, WORDS, max_size=3))
    path = tmp_path / f"é {data.draw(st.integers(0, 9))}{suffix}"
    save(Volume(array, grid, header), path, force=True, compress=data.draw(st.sampled_from([None, True, False])))
    found = open_volume(path)
    assert found.array.dtype == np.dtype(dtype)
    assert (found.array == array).all()
    # NIfTI holds positions in single precision: 500 mm to 3e-5 mm.
    assert found.grid.distance_from(grid) < (2e-3 if ".nii" in suffix else 1e-9)
    assert header.items() <= found.header.items()
    assert sum(file.name.startswith(".") for file in tmp_path.iterdir()) == 0


@pytest.mark.parametrize("suffix", SUFFIXES)
@BOUNDED
@given(grid=grids(), names=st.dictionaries(st.integers(1, 300), WORDS.filter(bool), min_size=1, max_size=5), data=st.data())
def test_labels_go_round(tmp_path: Path, suffix: str, grid: Grid, names: dict[int, str], data: st.DataObject) -> None:
    values = np.array([0, *names])
    array = values[np.random.default_rng(grid.voxels).integers(0, len(values), grid.shape_zyx)].astype(np.uint16)
    byte = st.integers(0, 255)
    colors = {value: data.draw(st.tuples(byte, byte, byte)) for value in names}
    header = data.draw(st.dictionaries(KEYS, WORDS, max_size=3))
    path = tmp_path / f"labels{suffix}"
    save(LabelMap(array, grid, names, colors, header), path, force=True)
    found = open_labels(path)
    assert found.array.dtype == np.uint16
    assert (found.array == array).all()
    assert dict(found.names) == names
    assert dict(found.colors) == colors
    assert header.items() <= found.header.items()


@pytest.mark.parametrize("suffix", VOLUMES)
def test_itk_sees_the_same_place(tmp_path: Path, suffix: str) -> None:
    direction = ((0.0, 0.0, -1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    grid = Grid((2, 3, 4), (0.5, 0.25, 2.0), (-10.0, 20.0, 30.0), direction)
    array = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    save(Volume(array, grid), tmp_path / f"x{suffix}", compress=True)
    itk = sitk.ReadImage(str(tmp_path / f"x{suffix}"))
    assert (sitk.GetArrayFromImage(itk) == array).all()
    assert itk.TransformIndexToPhysicalPoint((3, 2, 1)) == pytest.approx(grid.points_to_mm(np.array([[3.0, 2.0, 1.0]]))[0])
    if suffix != ".nhdr":
        sitk.WriteImage(itk, str(tmp_path / f"y{suffix}"))
        again = open_volume(tmp_path / f"y{suffix}")
        assert (again.array == array).all()
        assert again.grid.distance_from(grid) < 1e-5


GRID = Grid((2, 3, 4))
ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize(("written", "named"), [(".nrrd", ".mha"), (".mha", ".nii.gz"), (".nii.gz", ".nrrd"), (".nii", ".dcm")])
def test_content_decides_over_the_name(tmp_path: Path, written: str, named: str) -> None:
    save(Volume(ARRAY, GRID), tmp_path / f"x{written}")
    (tmp_path / f"x{written}").rename(tmp_path / f"y{named}")
    assert (open_volume(tmp_path / f"y{named}").array == ARRAY).all()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.sw", b"RES_BUF_FRAMES 3\nRES_BUF_WIDTH 4\n", "stradwin"),
        ("a.mha", b"NDims = 3\nSeq_Frame0000_ProbeToTrackerTransform = 1\nElementDataFile = LOCAL\n", "sequence"),
        ("a.mha", b"NDims = 3\nSeq_Frame0000_ImageStatus = OK\nElementDataFile = LOCAL\n", "metaimage"),
        ("a.nrrd", b"NRRD0004\ntype: uint8\nSegment0_Name:=SOL\n\n", "seg-nrrd"),
        ("a.nrrd", b"NRRD0004\ntype: uint8\nkinds: list domain domain\n\n", "sequence"),
        ("a.stl", b"solid x\nfacet normal 0 0 1\n", "surface"),
        ("a", bytes(80) + (1).to_bytes(4, "little") + bytes(50), "surface"),
        ("a", b"ply\nformat ascii 1.0\n", "surface"),
        ("a.obj", b"# made\nv 1 2 3\n", "surface"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "image"),
        ("a.txt", b'{"labels": {}}', "json"),
        ("a.xml", b"<PlusConfiguration/>", "xml"),
    ],
)
def test_kinds(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert kind_of(tmp_path / name) == kind
    assert kind in KINDS
    if kind not in ("metaimage", "seg-nrrd"):
        with pytest.raises(InputError, match="which is a"):
            open_volume(tmp_path / name)


@pytest.mark.parametrize(
    ("file", "kind"), [("poses.csv", "frames-folder"), ("SOL_0001.png", "masks-folder"), ("m.STL", "surfaces-folder")]
)
def test_kinds_of_folders(tmp_path: Path, file: str, kind: str) -> None:
    (tmp_path / file).write_bytes(b"x")
    assert kind_of(tmp_path) == kind


def test_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "empty.mha").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").write_bytes(b"hello")
    for name in ("missing.mha", "empty.mha", "folder", "text.txt", "a" * 300, "nul\0"):
        with pytest.raises(InputError) as caught:
            open_volume(tmp_path / name)
        assert caught.value.remedy.endswith(".")


@pytest.mark.posix
def test_a_device_is_no_volume() -> None:
    with pytest.raises(InputError, match="ordinary"):
        open_volume(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (ARRAY.astype(np.int16), np.uint16), (ARRAY.astype(np.float32), np.uint8), (ARRAY * 1000.0, np.uint16),
        (ARRAY.astype(np.int16) - 1, None), (ARRAY + 0.5, None), (np.full(GRID.shape_zyx, np.nan), None),
        (np.full(GRID.shape_zyx, 2.0**40), None),
    ],
)  # fmt: skip
def test_values_that_can_be_labels(tmp_path: Path, array: np.ndarray, expected: type | None) -> None:
    save(Volume(array, GRID), tmp_path / "x.mha")
    if expected is None:
        with pytest.raises(InputError, match=r"x\.mha"):
            open_labels(tmp_path / "x.mha")
        return
    labels = open_labels(tmp_path / "x.mha")
    assert labels.array.dtype == expected
    assert (labels.array == array).all()
    assert labels.names[int(array.max())] == str(int(array.max()))


def test_the_papers_values_have_names_and_others_have_numbers(tmp_path: Path) -> None:
    for values, names in (
        ((100, 150, 200), {100: "SOL", 150: "GM", 200: "GL"}),
        ((200,), {200: "GL"}),
        ((100, 7), {7: "7", 100: "100"}),
    ):
        array = np.zeros((2, 3, 4), dtype=np.uint8)
        for i, value in enumerate(values):
            array[0, i] = value
        save(Volume(array, GRID), tmp_path / "x.mha", force=True)
        assert dict(open_labels(tmp_path / "x.mha").names) == names


def test_nan_is_kept_and_counted(tmp_path: Path) -> None:
    array = ARRAY.astype(np.float32)
    array[0, 0, :2] = (np.nan, np.inf)
    save(Volume(array, GRID), tmp_path / "x.nrrd")
    with pytest.warns(InputWarning, match="2 of 24"):
        assert np.array_equal(open_volume(tmp_path / "x.nrrd").array, array, equal_nan=True)


def test_a_suffix_that_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.seg\.nrrd"):
        save(Volume(ARRAY, GRID), tmp_path / "x.jpg")
    with pytest.raises(InputError, match="grey-level"):
        save(Volume(ARRAY, GRID), tmp_path / "x.seg.nrrd")
    with pytest.raises(InputError, match="type"):
        save(Volume(ARRAY.astype(np.complex64), GRID), tmp_path / "x.mha")
    assert list(tmp_path.iterdir()) == []


def test_a_segmentation_says_how_it_came_about(tmp_path: Path) -> None:
    labels = LabelMap(ARRAY % 2, GRID, {1: "SOL"})
    thing = Segmentation(labels, None, Provenance("zero-order", MethodDescription(), "all-seeds", {}, {}))
    save(thing, tmp_path / "s.nii.gz")
    assert '"zero-order"' in (tmp_path / "s.nii.gz.json").read_text(encoding="utf-8")
    assert dict(open_labels(tmp_path / "s.nii.gz").names) == {1: "SOL"}
    save(thing, tmp_path / "t.mha", provenance=False)
    assert not (tmp_path / "t.mha.json").exists()


def test_headers_that_look_like_structure_do_no_harm(tmp_path: Path) -> None:
    header = {
        "sizes": "9 9 9",
        "type": "double",
        "DimSize": "9",
        "Offset": "9",
        "space": "x",
        "a=b": "c",
        "k:=": "v\nw",
        "": "e",
    }
    for suffix in VOLUMES:
        save(Volume(ARRAY, GRID, header), tmp_path / f"{suffix[1:]}{suffix}")
        found = open_volume(tmp_path / f"{suffix[1:]}{suffix}")
        assert (found.array == ARRAY).all()
        assert found.grid.matches(GRID)


@pytest.mark.realdata
def test_a_real_reference_volume(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "plus" / "TestImages" / "vtkVolumeReconstructorTestNNMEANvolumeRef.mha"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        volume = open_volume(path)
    assert volume.grid == Grid((105, 106, 147), (0.5, 0.5, 0.5), (-74.5217, 165.573, 29.072))
    assert volume.header["UltrasoundImageOrientation"] == "MFA"
    assert kind_of(path.with_name("SpinePhantomFreehand.igs.mha")) == "sequence"
