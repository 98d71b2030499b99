"""Whatever a file holds, no library that reads it has a word on the terminal: not in Python, and not below it."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from dicom_files import multiframe_bytes
from ifssnet.core.errors import InputError, InputWarning, silence_libraries
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Surface, Volume
from ifssnet.core.sweep import Sweep
from ifssnet.io.codecs.pictures import read_grey
from ifssnet.io.open import open_grid, open_label_layers, open_labels, open_sweep, open_volume
from ifssnet.io.save import save, save_sweep
from ifssnet.io.seeds.seed_files import open_seeds
from ifssnet.io.sweeps.linear_transform import read_linear_transform
from ifssnet.io.sweeps.plus_config import read_plus_configuration
from ifssnet.io.volumes.surfaces import read_surfaces, write_surface

GRID = Grid((3, 4, 5), (0.5, 0.6, 0.7), (1.0, 2.0, 3.0))
GREYS = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
TETRAHEDRON = Surface(
    np.array([[0.0, 0.0, 0.0], [60.0, 0.0, 0.0], [0.0, 60.0, 0.0], [0.0, 0.0, 60.0]]),
    np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
    "SOL",
)
READERS: tuple[Callable[[Path], object], ...] = (
    open_volume,
    open_labels,
    open_label_layers,
    open_grid,
    open_sweep,
    open_seeds,
    read_surfaces,
    read_grey,
    read_linear_transform,
    read_plus_configuration,
)
IMAGES = ("x.mha", "x.nrrd", "x.nii", "x.nii.gz", "x.seg.nrrd")
PICTURES = ("x.png", "x.tif", "x.jpg", "x.bmp")
SURFACES = ("x.stl", "x.ply", "x.obj")
SWEEPS = ("x.igs.mha", "x.igs.nrrd", "x.sw", "frames")
OTHERS = ("x.dcm", "x.tfm", "x.h5", "x.xml")


def put(name: str, folder: Path) -> Path:
    """A whole file of a kind; of a folder, the file that names the others."""
    path = folder / name
    if name in IMAGES:
        labels = LabelMap((GREYS % 3).astype(np.uint8), GRID, {1: "SOL", 2: "GM"})
        save(labels if name == "x.seg.nrrd" else Volume(GREYS, GRID), path)
    elif name in PICTURES:
        Image.fromarray((GREYS[0] * 4).astype(np.uint8)).save(path)
    elif name in SURFACES:
        write_surface(TETRAHEDRON, path)
    elif name in SWEEPS:
        frames = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
        save_sweep(Sweep(frames, np.tile(np.eye(4), (2, 1, 1)), np.array([0.0, 1.0]), (1.0, 1.0), np.ones(2, bool)), path)
    elif name == "x.dcm":
        path.write_bytes(multiframe_bytes())
    elif name == "x.xml":
        path.write_text("<PlusConfiguration><CoordinateDefinitions/></PlusConfiguration>", encoding="utf-8")
    else:
        sitk.WriteTransform(sitk.AffineTransform(3), str(path))
    return path / "poses.csv" if path.is_dir() else path


def harmed(content: bytes) -> list[bytes]:
    """The same bytes: whole, cut short, and with stretches of them replaced."""
    size = len(content)
    found = [content, content[: size // 2], content[: size - 7], b""]
    for at in (size // 8, size // 2, size - size // 5):
        words = (b"\xff\xff\xff\xff", b"-1 nan ")
        found += [content[:at] + word + content[at + len(word) :] for word in words]
    return found


@pytest.mark.parametrize("name", [*IMAGES, *PICTURES, *SURFACES, *SWEEPS, *OTHERS])
def test_no_library_has_a_word(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    named = put(name, tmp_path)
    asked = named.parent if named.name == "poses.csv" else named
    capfd.readouterr()
    disabled = logging.root.manager.disable
    try:
        with warnings.catch_warnings():
            silence_libraries()
            warnings.simplefilter("ignore", InputWarning)
            for content in harmed(named.read_bytes()):
                named.write_bytes(content)
                for read in READERS:
                    with contextlib.suppress(InputError):
                        read(asked)
    finally:
        logging.disable(disabled)
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")
