"""Headers mutated by their structure: keys twice, left out, exchanged; numbers huge, negative or none; words elsewhere.

Bytes at random seldom get past the first line of a header. These keep its form and change what it says.
"""

from __future__ import annotations

import contextlib
import io
import logging
import struct
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sequence_files import IDENTITY, configuration, sequence, tracked
from slicer_files import IMAGES, bundle, image_sequence, node, scene, sequence_node, shift, storage_node, transform_sequence

from dicom_files import as_bytes, image, multiframe_bytes
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.sweep import Contour, Sweep
from ifssnet.io.kinds import kind_of
from ifssnet.io.open import open_labels, open_sweep, open_volume
from ifssnet.io.save import save
from ifssnet.io.seeds.seed_files import open_seeds
from ifssnet.io.sweeps.frames_folder_writer import write_frames_folder
from ifssnet.io.sweeps.plus_config import read_plus_configuration
from ifssnet.io.sweeps.slicer_scene import read_scene, read_scene_sweeps
from ifssnet.io.sweeps.slicer_sequence import read_transform_sequences
from ifssnet.io.sweeps.stradwin import read_stradwin
from ifssnet.io.sweeps.stradwin_writer import write_stradwin

MOST_SECONDS = 20.0
"""What takes longer on a file of a few kilobytes hangs."""

EXAMPLES = 15 if settings.default is None or settings.default.derandomize else 300
"""For each kind of file; more where new examples are looked for."""

BOUNDED = settings(
    deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
GRID = Grid((3, 4, 5), (0.5, 0.6, 0.7), (1.0, 2.0, 3.0))
GREY = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
STRADWIN_SWEEP = Sweep(
    np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.tile(np.eye(4), (2, 1, 1)), np.array([0.0, 1.0]), (1.0, 1.0),
    np.ones(2, dtype=bool), (Contour(1, 0, np.array([(0.0, 0.0), (2.0, 0.0), (2.0, 2.0)])),), {1: "SOL"},
)  # fmt: skip

NUMBERS = [
    "0",
    "-1",
    "1",
    "2",
    "-3",
    "7",
    "0.5",
    "1e-300",
    "1e308",
    "1e400",
    "nan",
    "-inf",
    "4294967296",
    "9" * 25,
    "9" * 5000,
    "",
    " ",
    "x",
    "0x10",
    "1_0",
    "٣",
    "1,5",
    "\0",
    "½",
]
WORDS = [
    "LOCAL",
    "LIST",
    "none",
    "True",
    "False",
    "MET_DOUBLE",
    "MET_UCHAR",
    "double",
    "uchar",
    "gzip",
    "raw",
    "bzip2",
    "list",
    "time",
    "domain",
    "vector",
    "RGB-color",
    "RAS",
    "microns",
    "mm",
    "pixel",
    "INVALID",
    "OK",
    "(1,0,0)",
    "(0,0,0)",
    "(nan,1,0)",
    "../x",
    "/dev/zero",
    ".",
    "%d",
    "a%03d.raw 0 9999999 1",
    "[]",
    "{}",
    "null",
    "MN",
    "UF",
    "{" * 200,
    "\\n",
]
VALUES = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(WORDS),
    st.lists(st.sampled_from(NUMBERS), max_size=17).map(" ".join),
    st.lists(st.sampled_from(WORDS + NUMBERS), max_size=5).map(" ".join),
    st.integers(-(2**70), 2**70).map(str),
    st.floats(width=64).map(repr),
    st.just("1 " * 3000),
)

CHANGES = ("twice", "twice the same", "drop", "swap", "value", "part", "rename", "move", "cut", "many")

Line = tuple[str, str, str]
"""A key, what stands between, and a value."""


@st.composite
def mutated(draw: st.DrawFn, lines: list[Line]) -> list[Line]:
    """A header with one to five of its lines changed."""
    found = list(lines)
    for _ in range(draw(st.integers(1, 5))):
        if not found:
            break
        at, other = (draw(st.integers(0, len(found) - 1)) for _ in range(2))
        key, between, value = found[at]
        how = draw(
            st.sampled_from(["twice", "twice the same", "drop", "swap", "value", "part", "rename", "move", "cut", "many"])
        )
        if how == "twice":
            found.insert(other, (key, between, draw(VALUES)))
        elif how == "twice the same":
            found.insert(other, found[at])
        elif how == "drop":
            del found[at]
        elif how == "swap":
            found[at], found[other] = (key, between, found[other][2]), (found[other][0], found[other][1], value)
        elif how == "value":
            found[at] = (key, between, draw(VALUES))
        elif how == "part":
            words = value.split(" ")
            words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(NUMBERS + WORDS))
            found[at] = (key, between, " ".join(words))
        elif how == "rename":
            found[at] = (draw(st.sampled_from([found[other][0], key.upper(), f"{key}9", key[:-1], f"X{key}"])), between, value)
        elif how == "move":
            found.insert(other, found.pop(at))
        elif how == "cut":
            found[at] = (key, between, value[: len(value) // 2])
        else:
            found[at:at] = [(f"{key}{i}", between, value) for i in range(300)]
    return found


def lines_of(text: str, *separators: str) -> list[Line]:
    """The lines of a header, each cut at the first of the separators that is in it."""
    found: list[Line] = []
    for line in text.split("\n"):
        between = next((each for each in separators if each in line), "")
        key, _, value = line.partition(between) if between else (line, "", "")
        found.append((key, between, value))
    return found


def joined(lines: list[Line]) -> bytes:
    return "\n".join(key + between + value for key, between, value in lines).encode("utf-8", "replace")


def only_input_errors(*readers: Callable[[], object]) -> None:
    """Nothing but an InputError, no warning of a library, no word in a log, and no waiting."""
    started = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", InputWarning)
        for read in readers:
            with contextlib.suppress(InputError):
                read()
    assert time.monotonic() - started < MOST_SECONDS


def as_image(path: Path) -> tuple[Callable[[], object], ...]:
    return (partial(kind_of, path), partial(open_volume, path), partial(open_labels, path), partial(open_seeds, path),
            partial(open_sweep, path))  # fmt: skip


Header = tuple[list[Line], bytes, str]
"""The lines of a file, what follows them, and its suffix."""


def _headers() -> Mapping[str, Header]:
    """One sound file of every format whose header is text."""
    found: dict[str, Header] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        labels = LabelMap((GREY % 3).astype(np.uint8), GRID, {1: "SOL", 2: "GM"})
        for suffix, thing in ((".mha", Volume(GREY, GRID, {"a": "b"})), (".nrrd", Volume(GREY, GRID)), (".seg.nrrd", labels)):
            save(thing, folder / f"x{suffix}", compress=False)
            found[suffix] = _split((folder / f"x{suffix}").read_bytes(), suffix)
        made = sequence(
            folder / "x.igs.mha", [tracked(IDENTITY, IDENTITY, i) | {"ImageToProbeTransform": IDENTITY} for i in range(2)]
        )
        found[".igs.mha"] = _split(made.read_bytes(), ".igs.mha")
        found[".seq.nrrd"] = _split(image_sequence(folder / "x.seq.nrrd").read_bytes(), ".seq.nrrd")
        moves = [shift(0, 0, i) for i in range(3)]
        found[".seq.mha"] = _split(transform_sequence(folder / "ProbeToTracker.seq.mha", moves).read_bytes(), ".seq.mha")
    return found


def _split(content: bytes, suffix: str) -> Header:
    if content.startswith(b"NRRD"):
        head, rest = content.split(b"\n\n", 1)
        return lines_of(head.decode(), ":=", ": "), b"\n\n" + rest, suffix
    head, rest = content.split(b"ElementDataFile = LOCAL", 1)
    return lines_of((head + b"ElementDataFile = LOCAL").decode(), " = ", " ="), rest or b"\n", suffix


HEADERS = _headers()


@pytest.mark.parametrize("suffix", HEADERS)
def test_the_unharmed_file_opens(suffix: str, tmp_path: Path) -> None:
    lines, rest, _ = HEADERS[suffix]
    path = tmp_path / f"ProbeToTracker{suffix}"
    path.write_bytes(joined(lines) + rest)
    if suffix == ".seq.mha":
        assert len(read_transform_sequences(path)) == 1
    elif suffix == ".igs.mha":
        assert open_sweep(path).frames.shape == (2, 3, 4)
    elif suffix != ".seq.nrrd":
        assert open_volume(path).array.shape == (3, 4, 5)
    assert kind_of(path)


@pytest.mark.parametrize("suffix", HEADERS)
@BOUNDED
@given(data=st.data())
def test_text_headers(suffix: str, data: st.DataObject, tmp_path: Path) -> None:
    lines, rest, _ = HEADERS[suffix]
    path = tmp_path / f"x{suffix}"
    path.write_bytes(joined(data.draw(mutated(lines))) + rest)
    only_input_errors(*as_image(path), partial(read_transform_sequences, path))


@BOUNDED
@given(data=st.data())
def test_stradwin(data: st.DataObject, tmp_path: Path) -> None:
    if not (tmp_path / "whole.sw").exists():
        write_stradwin(STRADWIN_SWEEP, tmp_path / "whole.sw")
    lines = lines_of((tmp_path / "whole.sw").read_text(encoding="utf-8"), " ")
    (tmp_path / "x.sw").write_bytes(joined(data.draw(mutated(lines))))
    only_input_errors(partial(read_stradwin, tmp_path / "x.sw"))


@BOUNDED
@given(data=st.data(), which=st.sampled_from(["poses.csv", "calibration.toml"]))
def test_frames_folders(data: st.DataObject, which: str, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    if not folder.exists():
        write_frames_folder(replace(STRADWIN_SWEEP, contours=(), names={}), folder)
        for each in ("poses.csv", "calibration.toml"):
            (tmp_path / each).write_bytes((folder / each).read_bytes())
    for each in ("poses.csv", "calibration.toml"):
        (folder / each).write_bytes((tmp_path / each).read_bytes())
    lines = lines_of((tmp_path / which).read_text(encoding="utf-8"), "," if which == "poses.csv" else " = ")
    (folder / which).write_bytes(joined(data.draw(mutated(lines))))
    only_input_errors(partial(open_sweep, folder))


PLUS = """<VolumeReconstruction ImageCoordinateFrame="Image" ReferenceCoordinateFrame="Tracker" OutputSpacing="0.5 0.25 1"
OutputExtent="0 10 0 20 0 30" ClipRectangleOrigin="1 2" FanAnglesDeg="-45 45" Interpolation="LINEAR" CompoundingMode="MEAN"
FillHoles="ON" NumberOfThreads="2" SkipInterval="3"><HoleFilling><HoleFillingElement Type="GAUSSIAN" Size="5" Stdev="0.6"
MinimumKnownVoxelsRatio="0.5"/></HoleFilling></VolumeReconstruction>"""


def attributes(text: str) -> list[Line]:
    """The attributes of XML, with all that stands before each; the end of the text is a line without a value."""
    found: list[Line] = []
    parts = text.split('"')
    for key, value in zip(parts[:-1:2], parts[1::2], strict=True):
        found.append((key, '"', value + '"'))
    return [*found, (parts[-1], "", "")]


def as_xml(lines: list[Line]) -> bytes:
    text = "".join(key + between + value for key, between, value in lines)
    return text.replace("\0", "").encode("utf-8", "replace")


@BOUNDED
@given(data=st.data())
def test_plus_configurations(data: st.DataObject, tmp_path: Path) -> None:
    text = configuration(tmp_path / "c.xml", PLUS).read_text(encoding="utf-8")
    path = tmp_path / "x.xml"
    path.write_bytes(as_xml(data.draw(mutated(attributes(text)))))
    only_input_errors(partial(kind_of, path), partial(read_plus_configuration, path))


@BOUNDED
@given(data=st.data())
def test_scenes(data: st.DataObject, tmp_path: Path) -> None:
    files = {
        "i.seq.nrrd": image_sequence(tmp_path / "i.seq.nrrd", IMAGES),
        "t.seq.mha": transform_sequence(tmp_path / "t.seq.mha", [shift(0, 0, i) for i in range(3)]),
    }
    matrix = f'matrixTransformToParent="{IDENTITY}"'
    text = scene(
        [
            sequence_node(1, "Image_Image", "ScalarVolume"), sequence_node(2, "ProbeToTracker", "LinearTransform"),
            node("LinearTransform", "vtkMRMLLinearTransformNode1", "ImageToProbe", more=matrix),
            storage_node(1, "Data/i.seq.nrrd"), storage_node(2, "Data/t.seq.mha"),
        ]
    )  # fmt: skip
    path = bundle(tmp_path / "x.mrb", as_xml(data.draw(mutated(attributes(text)))).decode(), files)
    only_input_errors(partial(read_scene, path), partial(read_scene_sweeps, path))


FIELDS = {
    0: "i",
    40: "8h",
    56: "3f",
    68: "4h",
    76: "8f",
    108: "f",
    112: "2f",
    120: "h",
    122: "2b",
    124: "2f",
    252: "2h",
    256: "6f",
    280: "12f",
    344: "4s",
}
"""Where the fields of a NIfTI header stand, and of what they are."""
ODD_SHORTS = st.sampled_from([0, 1, -1, 2, 3, 4, 7, 32767, -32768, 255, 1006, 1007, 2003])
ODD_FLOATS = st.sampled_from([0.0, 1.0, -1.0, 0.5, 1e-30, 1e30, -1e38, float("nan"), float("inf"), 352.0, 1e9])


@pytest.mark.parametrize("packed", [False, True])
@BOUNDED
@given(data=st.data())
def test_nifti(packed: bool, data: st.DataObject, tmp_path: Path) -> None:
    whole = tmp_path / "whole.nii"
    if not whole.exists():
        save(Volume(GREY, GRID), whole)
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at, form = data.draw(st.sampled_from(sorted(FIELDS.items())))
        size = struct.calcsize("<" + form[-1])
        offset = at + size * data.draw(st.integers(0, int(form[:-1] or 1) - 1))
        if form[-1] == "f":
            content[offset : offset + 4] = struct.pack("<f", data.draw(ODD_FLOATS))
        elif form[-1] == "h":
            content[offset : offset + 2] = struct.pack("<h", data.draw(ODD_SHORTS))
        else:
            content[offset] = data.draw(st.integers(0, 255))
    path = tmp_path / ("x.nii.gz" if packed else "x.nii")
    path.write_bytes(zlib.compress(bytes(content), wbits=31) if packed else bytes(content))
    only_input_errors(*as_image(path))


def _dicom_keys() -> list[str]:
    return [
        "Rows",
        "Columns",
        "NumberOfFrames",
        "SamplesPerPixel",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
        "PhotometricInterpretation",
        "PlanarConfiguration",
        "PixelSpacing",
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "SpacingBetweenSlices",
        "SliceThickness",
        "RescaleSlope",
        "RescaleIntercept",
        "WindowCenter",
        "WindowWidth",
        "Modality",
        "SegmentationType",
        "MaximumFractionalValue",
        "SequenceOfUltrasoundRegions",
        "PixelData",
    ]


@BOUNDED
@given(data=st.data(), as_segments=st.booleans())
def test_dicom(data: st.DataObject, as_segments: bool, tmp_path: Path) -> None:
    """Elements of the right kind with the wrong content, left out, or exchanged."""
    content = multiframe_bytes()
    if as_segments:
        pixels = np.ones((2, 4, 5), dtype=np.uint8)
        content = as_bytes(image(pixels, "1.2.840.10008.5.1.4.1.1.66.4", SegmentationType="BINARY"))
    dataset = pydicom.dcmread(io.BytesIO(content))
    odd = st.one_of(
        st.sampled_from([0, 1, 2, 3, 8, 12, 16, 32, 65535]),
        st.sampled_from(["", "1e400", "-1", "PALETTE COLOR", "RGB"]),
        st.lists(st.sampled_from([0.0, 1.0, -1.0, 1e10]), max_size=6),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(data.draw(st.integers(1, 4))):
            key = data.draw(st.sampled_from(_dicom_keys()))
            if data.draw(st.booleans()):
                if key in dataset:
                    delattr(dataset, key)
                continue
            with contextlib.suppress(Exception):
                setattr(dataset, key, data.draw(odd))
        stream = io.BytesIO()
        try:
            dataset.save_as(stream)
        except Exception:  # what pydicom cannot write, nobody reads
            return
    path = tmp_path / "x.dcm"
    path.write_bytes(stream.getvalue())
    only_input_errors(*as_image(path))


def test_what_was_found_once(tmp_path: Path) -> None:
    """An encoding that there is not, and a sign of NIfTI's axes that is none."""
    (tmp_path / "x.mrml").write_text('<?xml version="1.0" encoding="nothing-known"?><MRML version="1"/>', encoding="utf-8")
    with pytest.raises(InputError, match="unknown encoding"):
        read_scene(tmp_path / "x.mrml")
    save(Volume(GREY, GRID), tmp_path / "x.nii")
    content = bytearray((tmp_path / "x.nii").read_bytes())
    content[76:80] = struct.pack("<f", 0.5)
    (tmp_path / "x.nii").write_bytes(bytes(content))
    with pytest.warns(InputWarning, match="the qform is no rotation; the sform was taken"):
        open_volume(tmp_path / "x.nii")
    content[254:256] = struct.pack("<h", 0)
    (tmp_path / "x.nii").write_bytes(bytes(content))
    with pytest.raises(InputError, match="a rotation in the qform"):
        open_volume(tmp_path / "x.nii")


def test_no_library_has_a_word(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from ifssnet.core.errors import silence_libraries

    disabled = logging.root.manager.disable
    try:
        with warnings.catch_warnings():
            silence_libraries()
            for suffix, (lines, rest, _) in HEADERS.items():
                for at in range(0, len(lines), 3):
                    path = tmp_path / f"x{suffix}"
                    path.write_bytes(joined([*lines[:at], (*lines[at][:2], "-1"), *lines[at + 1 :]]) + rest)
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore", InputWarning)
                        for read in as_image(path):
                            with contextlib.suppress(InputError):
                                read()
    finally:
        logging.disable(disabled)
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")
