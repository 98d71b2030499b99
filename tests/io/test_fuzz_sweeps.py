"""Whatever the bytes are, a reader of sweeps and of what goes with them says InputError or reads them."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.sweep import Contour, Sweep
from ifssnet.io.open import open_sweep
from ifssnet.io.sweeps.frames_folder import read_frames_folder
from ifssnet.io.sweeps.frames_folder_writer import write_frames_folder
from ifssnet.io.sweeps.plus_config import read_plus_configuration
from ifssnet.io.sweeps.sequence_writer import write_sequence
from ifssnet.io.sweeps.stradwin import read_stradwin
from ifssnet.io.sweeps.stradwin_writer import write_stradwin

BOUNDED = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
XML = b"""<PlusConfiguration version="2.3"><CoordinateDefinitions><Transform From="Image" To="Probe"
 Matrix="0.2 0 0 0 0 0.1 0 0 0 0 0.15 0 0 0 0 1"/></CoordinateDefinitions><VolumeReconstruction OutputSpacing="1 1 1"
 ClipRectangleOrigin="1 2" FanAnglesDeg="-45 45" FillHoles="ON" CompoundingMode="MEAN" SkipInterval="2"><HoleFilling>
 <HoleFillingElement Type="STICK" StickLengthLimit="9" NumberOfSticksToUse="1"/></HoleFilling></VolumeReconstruction>
</PlusConfiguration>"""
WORDS = [
    b"nan",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"",
    b"\xff\xfe",
    b"true",
    b"INVALID",
    b"0 0 0",
    b"\0",
    b"\n",
    b"=",
    b"\xc3",
]


def example() -> Sweep:
    poses = np.tile(np.eye(4), (2, 1, 1))
    contours = (Contour(1, 0, np.array([(0.0, 0.0), (2.0, 0.0), (2.0, 2.0)])),)
    frames = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    return Sweep(frames, poses, np.array([0.0, 1.0]), (1.0, 1.0), np.ones(2, dtype=bool), contours, {1: "SOL"})


@st.composite
def damage(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """A handful of replaced, inserted and removed stretches, most of them between words."""
    edits = draw(
        st.lists(
            st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(WORDS) | st.binary(max_size=6), st.booleans()),
            min_size=1,
            max_size=4,
        )
    )
    cut = draw(st.none() | st.floats(0, 1))

    def apply(data: bytes) -> bytes:
        for where, length, new, at_word in edits:
            start = int(where * len(data))
            if at_word:
                start = max(data.rfind(b" ", 0, start), data.rfind(b",", 0, start), data.rfind(b"=", 0, start), 0) + 1
            data = data[:start] + new + data[start + length :]
        return data if cut is None else data[: int(cut * len(data))]

    return apply


def only_input_errors(read: Callable[[], object]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        with contextlib.suppress(InputError):
            read()


@pytest.mark.parametrize(("suffix", "compress"), [(".igs.mha", False), (".igs.mha", True), (".nrrd", False), (".nrrd", True)])
@given(break_it=damage())
@BOUNDED
def test_sequences(tmp_path: Path, suffix: str, compress: bool, break_it: Callable[[bytes], bytes]):
    whole = tmp_path / f"whole{suffix}"
    if not whole.exists():
        sweep = example()
        write_sequence(
            Sweep(sweep.frames, sweep.image_to_world, sweep.timestamps_s, (1.0, 1.0), sweep.valid), whole, compress=compress
        )
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(break_it(whole.read_bytes()))
    only_input_errors(lambda: open_sweep(path))


@given(break_it=damage())
@BOUNDED
def test_stradwin(tmp_path: Path, break_it: Callable[[bytes], bytes]):
    if not (tmp_path / "whole.sw").exists():
        write_stradwin(example(), tmp_path / "whole.sw")
    path = tmp_path / "broken.sw"
    path.write_bytes(break_it((tmp_path / "whole.sw").read_bytes()))
    only_input_errors(lambda: read_stradwin(path))


@given(break_it=damage(), dicom=st.sampled_from([b"whole.sxi", b".", b"whole.sw", b"nowhere"]))
@BOUNDED
def test_stradwin_with_image_files(tmp_path: Path, break_it: Callable[[bytes], bytes], dicom: bytes):
    if not (tmp_path / "whole.sw").exists():
        write_stradwin(example(), tmp_path / "whole.sw")
    text = (tmp_path / "whole.sw").read_bytes().replace(b"DICOM false", b"DICOM true").replace(b"whole.sxi", dicom)
    path = tmp_path / "broken.sw"
    path.write_bytes(text)
    (tmp_path / "image.dcm").write_bytes(break_it(b"\0" * 128 + b"DICM\x02\0\0\0UL\x04\0\0\0\0\0"))
    (tmp_path / "image.png").write_bytes(break_it(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x04\0\0\0\x03\x08\0\0\0\0"))
    only_input_errors(lambda: read_stradwin(path))


@pytest.mark.parametrize("name", ["poses.csv", "calibration.toml", "frame_0000.png"])
@given(break_it=damage())
@BOUNDED
def test_frames_folder(tmp_path: Path, name: str, break_it: Callable[[bytes], bytes]):
    folder, kept = tmp_path / "sweep", tmp_path / "kept"
    if not folder.exists():
        sweep = example()
        write_frames_folder(Sweep(sweep.frames, sweep.image_to_world, sweep.timestamps_s, (1.0, 1.0), sweep.valid), folder)
        kept.write_bytes((folder / name).read_bytes())
    (folder / name).write_bytes(break_it(kept.read_bytes()))
    only_input_errors(lambda: read_frames_folder(folder))


@given(break_it=damage())
@BOUNDED
def test_plus_configurations(tmp_path: Path, break_it: Callable[[bytes], bytes]):
    path = tmp_path / "c.xml"
    path.write_bytes(break_it(XML))
    only_input_errors(lambda: read_plus_configuration(path))


@given(data=st.binary(max_size=200), suffix=st.sampled_from([".sw", ".sxi", ".mha", ".nrrd", ".xml", ""]))
@BOUNDED
def test_any_bytes_at_all(tmp_path: Path, data: bytes, suffix: str):
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    only_input_errors(lambda: open_sweep(path))
    only_input_errors(lambda: read_plus_configuration(path))


def test_a_configuration_that_grows_when_it_is_read_is_refused(tmp_path: Path):
    path = tmp_path / "bomb.xml"
    path.write_text(
        '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]><PlusConfiguration>&y;</PlusConfiguration>',
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="PLUS configuration"):
        read_plus_configuration(path)
