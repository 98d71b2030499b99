"""What a file says is bounded by what there is: errors instead of hours, of memory that nobody has, of waiting for ever."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.geometry.masks.values import counts_of_values, values_in_use
from ifssnet.io.codecs.nrrd import write_nrrd
from ifssnet.io.codecs.numbers import numbers
from ifssnet.io.codecs.pixels import check_memory
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.kinds import kind_of
from ifssnet.io.open import MANY_LABELS, MOST_LABELS, open_grid, open_labels, open_sweep, open_volume
from ifssnet.io.save import save
from ifssnet.io.storage.spreadsheet import read_spreadsheet
from ifssnet.io.storage.tables import read_table
from ifssnet.io.sweeps.frame_count import MOST_FRAMES
from ifssnet.io.sweeps.plus_config import read_plus_configuration
from ifssnet.io.sweeps.slicer_scene import MOST_NODES, MOST_SEQUENCES, read_scene
from ifssnet.io.transfer.archive import UnpackLimits, unpack
from ifssnet.io.volumes.nrrd import place
from ifssnet.io.volumes.seg_nrrd import MOST_LAYERS, MOST_SEGMENTS, read_seg_nrrd
from ifssnet.io.volumes.surfaces import read_surfaces

GRID = Grid((2, 3, 4))
MODEST_BYTES = 32 << 20


def test_a_damaged_lzma_member_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as made:
        made.writestr("x1.mha", bytes(range(256)) * 40)
    content = bytearray(archive.read_bytes())
    content[60:90] = bytes(30)
    archive.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.zip"):
        drain(unpack(archive, tmp_path, PurePosixPath, tmp_path / "staging", UnpackLimits()))


def test_the_largest_label_value_is_counted_by_what_is_there(tmp_path: Path) -> None:
    array = np.zeros(GRID.shape_zyx, dtype=np.uint32)
    array[1, 2, 1:3] = 2**32 - 1
    save(LabelMap(array, GRID, {2**32 - 1: "SOL"}), tmp_path / "x.mha")
    assert values_in_use(array) == (2**32 - 1,)
    assert counts_of_values(array) == {2**32 - 1: {1: 2}}
    tracemalloc.start()
    try:
        for words in (
            ["info", str(tmp_path / "x.mha"), "--json"],
            ["convert", str(tmp_path / "x.mha"), str(tmp_path / "y.seg.nrrd"), "--labels", "SOL"],
            ["seeds", str(tmp_path / "x.mha"), "-o", str(tmp_path / "s.seg.nrrd"), "--every", "1"],
        ):
            with pytest.raises(SystemExit) as leaving:
                main(words)
            assert leaving.value.code == 0, words
        assert tracemalloc.get_traced_memory()[1] < 8 * MODEST_BYTES
    finally:
        tracemalloc.stop()
    assert (open_labels(tmp_path / "y.seg.nrrd").array == (array > 0)).all()


def test_grey_noise_is_no_label_map(tmp_path: Path) -> None:
    grid = Grid((2, 64, 64))
    save(Volume(np.arange(grid.voxels, dtype=np.uint32).reshape(grid.shape_zyx), grid), tmp_path / "x.mha")
    with pytest.raises(InputError, match="different values"):
        open_labels(tmp_path / "x.mha")
    assert MANY_LABELS < MOST_LABELS < grid.voxels
    assert values_in_use(np.arange(300, dtype=np.int32).reshape(1, 15, 20)) == tuple(range(1, 300))


@pytest.mark.skipif(sys.platform == "win32", reason="holes in files are asked for otherwise there")
@pytest.mark.parametrize("frames", [1 << 20, 1 << 10])
def test_a_recording_of_a_terabyte_is_refused_before_it_is_read(tmp_path: Path, frames: int) -> None:
    side = 1024
    poses = "IM 0 0 0 0 0 0 0\n" * frames
    (tmp_path / "x.sw").write_text(
        f"RES_BUF_FRAMES {frames}\nRES_BUF_WIDTH {side * (1 << 20) // frames}\nRES_BUF_HEIGHT {side}\nRES_POS_REC true\n"
        f"RES_XSCALE 0.01\nRES_YSCALE 0.01\nRES_BIN_IM_FILENAME x.sxi\n{poses}",
        encoding="utf-8",
    )
    with (tmp_path / "x.sxi").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(InputError, match=r"at most|fit in memory"):
        open_sweep(tmp_path / "x.sw")


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        ("x.mha", b"NDims = 3\nDimSize = 5 4 3\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n", "60 bytes"),
        ("x.dcm", bytes(128) + b"DICM", "fit in memory"),
    ],
)  # fmt: skip
def test_a_file_of_a_terabyte_that_says_little_is_refused(tmp_path: Path, name: str, head: bytes, said: str) -> None:
    with (tmp_path / name).open("wb") as stream:
        stream.write(head)
        stream.truncate(1 << 40)
    with pytest.raises(InputError, match=said):
        open_volume(tmp_path / name)


@pytest.mark.parametrize(("name", "said"), [("x.sw", "Stradwin file of at most"), ("x.csv", "table of at most")])
def test_texts_of_a_terabyte_are_refused_unread(tmp_path: Path, name: str, said: str) -> None:
    with (tmp_path / name).open("wb") as stream:
        stream.write(b"RES_BUF_FRAMES 3\n")
        stream.truncate(1 << 40)
    with pytest.raises(InputError, match=said):
        open_sweep(tmp_path / name) if name == "x.sw" else read_spreadsheet(tmp_path / name, ())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_table_is_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.csv")
    for read in (read_table, read_spreadsheet):
        with pytest.raises(InputError, match="no ordinary file"):
            read(tmp_path / "x.csv", ())


def test_more_than_there_is_room_for_is_refused() -> None:
    check_memory(1000, "x")
    with pytest.raises(InputError, match="fit in memory"):
        check_memory(1 << 60, "x")


def _segments(count: int, layers: int = 1) -> dict[str, str]:
    each = [(f"Segment{i}_Name", f"Segment{i}_LabelValue", f"Segment{i}_Layer", i) for i in range(count)]
    lines: dict[str, str] = {}
    for name, value, layer, i in each:
        lines |= {name: f"part {i}", value: str(i // layers + 1), layer: str(i % layers)}
    return lines


def test_thousands_of_segments_are_refused_and_hundreds_are_not(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    write_nrrd(tmp_path / "x.seg.nrrd", place(GRID) | _segments(MOST_SEGMENTS + 1), array, True)
    with pytest.raises(InputError, match="segments"):
        read_seg_nrrd(tmp_path / "x.seg.nrrd")
    write_nrrd(tmp_path / "y.seg.nrrd", place(GRID) | _segments(600), array, True)
    assert len(read_seg_nrrd(tmp_path / "y.seg.nrrd").names) == 600


def test_layers_are_counted_and_their_overlap_too(tmp_path: Path) -> None:
    many = np.zeros((*GRID.shape_zyx, MOST_LAYERS + 1), dtype=np.uint8)
    write_nrrd(tmp_path / "x.seg.nrrd", place(GRID, layers=True), many, True)
    with pytest.raises(InputError, match="layers"):
        read_seg_nrrd(tmp_path / "x.seg.nrrd")
    two = np.zeros((*GRID.shape_zyx, 2), dtype=np.uint8)
    two[0, 0, :3, 0] = (1, 2, 2)
    two[0, 0, 2:, 1] = (1, 2)
    write_nrrd(tmp_path / "y.seg.nrrd", place(GRID, layers=True) | _segments(4, 2), two, True)
    with pytest.warns(InputWarning, match="overlap on 1 voxels"):
        found = read_seg_nrrd(tmp_path / "y.seg.nrrd")
    names = {name: value for value, name in found.names.items()}
    # Segments 0 and 2 are on the first layer, 1 and 3 on the second, which wins.
    assert found.array[0, 0].tolist() == [names["part 0"], names["part 2"], names["part 1"], names["part 3"]]


def test_thousands_of_transforms_a_frame_are_refused(tmp_path: Path) -> None:
    matrix = "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"
    lines = "".join(f"Seq_Frame0000_A{i}ToReferenceTransform = {matrix}\n" for i in range(1001))
    head = f"NDims = 3\nDimSize = 2 2 1\nElementType = MET_UCHAR\n{lines}ElementDataFile = LOCAL\n"
    (tmp_path / "x.igs.mha").write_bytes(head.encode() + bytes(4))
    with pytest.raises(InputError, match="at most 1000 transforms"):
        open_sweep(tmp_path / "x.igs.mha")


def test_a_frame_with_a_number_of_5000_digits_is_no_frame(tmp_path: Path) -> None:
    matrix = "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"
    lines = "".join(f"Seq_Frame{i}_ImageToReferenceTransform = {matrix}\n" for i in ("0000", "9" * 5000))
    head = f"NDims = 3\nDimSize = 2 2 1\nElementType = MET_UCHAR\n{lines}ElementDataFile = LOCAL\n"
    (tmp_path / "x.igs.mha").write_bytes(head.encode() + bytes(4))
    with pytest.warns(InputWarning, match="no timestamps"):
        assert open_sweep(tmp_path / "x.igs.mha").valid_frames == 1


def test_a_million_rows_of_poses_are_refused(tmp_path: Path) -> None:
    (tmp_path / "calibration.toml").write_text("pixel_spacing_mm = [1.0, 1.0]\n", encoding="utf-8")
    (tmp_path / "poses.csv").write_text(
        "frame,time,x,y,z,qx,qy,qz,qw\n" + "0,0,0,0,0,0,0,0,1\n" * (MOST_FRAMES + 1), encoding="utf-8"
    )
    with pytest.raises(InputError, match="at most 100,000 frames"):
        open_sweep(tmp_path)


def test_a_hundred_thousand_data_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(12))
    head = "NDims = 3\nDimSize = 4 3 100000\nElementType = MET_UCHAR\nElementDataFile = LIST\n"
    (tmp_path / "x.mhd").write_text(head + "a\n" * 100_000, encoding="utf-8")
    with pytest.raises(InputError, match="at most 10,000 data files"):
        open_volume(tmp_path / "x.mhd")


@pytest.mark.posix
def test_folders_that_link_to_each_other_are_not_followed_for_ever(tmp_path: Path) -> None:
    (tmp_path / "P01").mkdir()
    for i in range(12):
        (tmp_path / f"link{i:02d}").symlink_to(tmp_path)
    with pytest.raises(InputError, match="at most 100,000 files and folders"):
        open_cohort(tmp_path)


def test_thousands_of_elements_are_refused(tmp_path: Path) -> None:
    for text, error in (
        ("<CoordinateDefinitions/>" * 2000, "at most 1000 elements"),
        ("<A>" * 50_000 + "</A>" * 50_000, None),
        ("<VolumeReconstruction>" * 1500 + "</VolumeReconstruction>" * 1500, "at most 1000 elements"),
    ):
        (tmp_path / "x.xml").write_text(f"<PlusConfiguration>{text}</PlusConfiguration>", encoding="utf-8")
        if error is None:
            assert dict(read_plus_configuration(tmp_path / "x.xml").transforms) == {}
        else:
            with pytest.raises(InputError, match=error):
                read_plus_configuration(tmp_path / "x.xml")


def test_of_a_long_list_no_more_is_read_than_is_wanted() -> None:
    for text in ("1 " * 300_000, "x " * 300_000, "_ " * 300_000):
        with pytest.raises(InputError, match="3 finite numbers"):
            numbers(text, 3, "a header")
    assert numbers("1 2\t3\n", 3, "a header") == (1.0, 2.0, 3.0)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_pipes_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    for name in ("x.mha", "x.stl", "x.nii.gz", "x.seg.nrrd", "x.dcm", "x.sw", "x.xml"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(InputError, match="no ordinary file"):
            kind_of(tmp_path / name)
    for read, name in ((read_surfaces, "x.stl"), (open_grid, "x.mha")):
        with pytest.raises(InputError, match="no ordinary file"):
            read(tmp_path / name)
    with pytest.raises(InputError):
        kind_of(tmp_path)


def test_what_libraries_warn_of_or_log_is_not_heard() -> None:
    code = (
        "import logging, warnings, nibabel, numpy\n"
        "from ifssnet.cli.terminal import show_warnings\n"
        "from ifssnet.core.errors import InputWarning\n"
        "show_warnings()\n"
        "numpy.float32(1e38) * numpy.float32(1e38)\n"
        "warnings.warn('of a library')\n"
        "logging.getLogger('nibabel.global').error('logged')\n"
        "logging.getLogger('pydicom').exception('logged')\n"
        "warnings.warn(InputWarning('of ours'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stderr.strip() == "Warning of ours"
    assert done.stdout == ""


def test_our_own_warnings_are_heard_in_spite_of_it() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        warnings.warn(InputWarning("x"), stacklevel=1)
    assert len(heard) == 1


@pytest.mark.parametrize(("tag", "count"), [("Model", MOST_NODES + 1), ("Sequence", MOST_SEQUENCES + 1)])
def test_a_scene_has_bounds(tag: str, count: int, tmp_path: Path) -> None:
    nodes = "".join(f'<{tag} id="n{i}" name="n{i}"/>' for i in range(count))
    (tmp_path / "x.mrml").write_text(f'<MRML version="Slicer 5.8">{nodes}</MRML>', encoding="utf-8")
    with pytest.raises(InputError, match="nodes and"):
        read_scene(tmp_path / "x.mrml")
