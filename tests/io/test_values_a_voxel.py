"""Several values a voxel: colours where the file says so, layers as labels, series and vectors refused by their name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.open import open_label_layers, open_labels, open_volume
from ifssnet.io.seeds.seed_files import open_seeds

SHAPE = (3, 4, 5)
SOL, GM = np.zeros(SHAPE, dtype=np.uint8), np.zeros(SHAPE, dtype=np.uint8)
SOL[1, 1:3, 1:4], GM[1, 3, 1:4] = 1, 1
GREY = np.arange(60, dtype=np.uint8).reshape(SHAPE)
SERIES = np.stack([GREY, GREY + 1, GREY + 2], axis=-1)


def nrrd(path: Path, array: np.ndarray, kind: str, *, last: bool = False) -> Path:
    """Values first in the header, as most programs write them, or last."""
    spaces = ["(1,0,0)", "(0,1,0)", "(0,0,1)"]
    kinds, sizes, steps = ["domain"] * 3, ["5", "4", "3"], spaces
    at = 3 if last else 0
    for words, word in ((kinds, kind), (sizes, str(array.shape[-1])), (steps, "none")):
        words.insert(at, word)
    pixels = np.moveaxis(array, -1, 0) if last else array
    type_ = {"u1": "uint8", "u2": "uint16", "f4": "float"}[array.dtype.str[1:]]
    said = [f"kinds: {' '.join(kinds)}"] if kind else []
    head = ["NRRD0005", f"type: {type_}", "dimension: 4", f"sizes: {' '.join(sizes)}", "encoding: raw", "endian: little",
            "space: LPS", f"space directions: {' '.join(steps)}", *said]  # fmt: skip
    path.write_bytes("\n".join(head).encode() + b"\n\n" + pixels.tobytes())
    return path


def metaimage(path: Path, array: np.ndarray, *, channels: bool) -> Path:
    type_ = {"u1": "MET_UCHAR", "f4": "MET_FLOAT"}[array.dtype.str[1:]]
    count = array.shape[-1]
    size = ["DimSize = 5 4 3", f"ElementNumberOfChannels = {count}"] if channels else [f"DimSize = 5 4 3 {count}"]
    spacing = "ElementSpacing = 1 1 1" if channels else "ElementSpacing = 1 1 1 1"
    head = [f"NDims = {3 if channels else 4}", *size, f"ElementType = {type_}", spacing, "ElementDataFile = LOCAL"]
    pixels = array if channels else np.moveaxis(array, -1, 0)
    path.write_bytes("\n".join(head).encode() + b"\n" + np.ascontiguousarray(pixels).tobytes())
    return path


def nifti(path: Path, array: np.ndarray, *, vector: bool = False) -> Path:
    data = np.moveaxis(array, -1, 0).transpose()
    made = nib.Nifti1Image(data[:, :, :, np.newaxis] if vector else data, np.eye(4))
    nib.save(made, path)
    return path


@pytest.mark.parametrize("kind", ["list", "time"])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_a_series_is_refused_and_named(tmp_path: Path, kind: str, last: bool, count: int) -> None:
    series = np.stack([GREY + i for i in range(count)], axis=-1).astype(np.uint8)
    path = nrrd(tmp_path / "x.nrrd", series, kind, last=last)
    with pytest.raises(InputError, match=f"a series of {count} images"):
        open_volume(path)
    with pytest.raises(InputError, match="images one after another"):
        open_labels(path)


def test_a_series_in_other_formats(tmp_path: Path) -> None:
    for path in (metaimage(tmp_path / "x.mha", SERIES, channels=False), nifti(tmp_path / "x.nii", SERIES)):
        with pytest.raises(InputError, match="a series of 3 images"):
            open_volume(path)


def test_a_displacement_field_is_refused(tmp_path: Path) -> None:
    field = SERIES.astype(np.float32)
    for path in (
        nrrd(tmp_path / "x.nrrd", field, "vector"),
        metaimage(tmp_path / "x.mha", field, channels=True),
        nifti(tmp_path / "x.nii", field, vector=True),
    ):
        with pytest.raises(InputError, match="vectors, such as a displacement field"):
            open_volume(path)
        with pytest.raises(InputError, match="vectors"):
            open_labels(path)


def test_colours_are_those_that_the_file_calls_so(tmp_path: Path) -> None:
    with pytest.warns(InputWarning, match="luminance"):
        open_volume(nrrd(tmp_path / "x.nrrd", SERIES, "RGB-color"))
    with pytest.raises(InputError, match="no word of what they are"):
        open_volume(nrrd(tmp_path / "y.nrrd", SERIES, ""))
    with pytest.raises(InputError, match="colours"):
        open_labels(tmp_path / "x.nrrd")


def layers(*, background: int | None) -> np.ndarray:
    each = [SOL, GM]
    if background is not None:
        each.insert(background, 1 - SOL - GM)
    return np.stack(each, axis=-1).astype(np.uint8)


@pytest.mark.parametrize("background", [None, 0, 2])
@pytest.mark.parametrize("write", [lambda p, a: nrrd(p / "x.nrrd", a, "list"), lambda p, a: nifti(p / "x.nii.gz", a),
                                   lambda p, a: nrrd(p / "x.nrrd", a, "", last=True),
                                   lambda p, a: metaimage(p / "x.mha", a, channels=False)])  # fmt: skip
def test_one_layer_a_structure_is_read_as_labels(
    tmp_path: Path, background: int | None, write: Callable[[Path, np.ndarray], Path]
) -> None:
    path = write(tmp_path, layers(background=background))
    if background is None:
        read = open_labels(path)
    else:
        with pytest.warns(InputWarning, match=f"layer {background + 1} was taken as the background"):
            read = open_labels(path)
    assert np.array_equal(read.array, SOL + 2 * GM)
    with pytest.raises(InputError):
        open_volume(path)


def test_layers_that_hold_their_own_labels_keep_them(tmp_path: Path) -> None:
    for dtype in ("u1", "<u2", "<f4"):
        path = nrrd(tmp_path / "x.nrrd", np.stack([SOL * 200, GM * 100], axis=-1).astype(dtype), "list")
        assert np.array_equal(open_labels(path).array, 200 * SOL + 100 * GM)
    shared = nrrd(tmp_path / "y.nrrd", np.stack([(SOL | GM) * 7, GM * 3], axis=-1).astype("u1"), "list")
    assert [set(np.unique(layer.array)) for layer in open_label_layers(shared)] == [{0, 7}, {0, 3}]
    assert [dict(layer.names) for layer in open_label_layers(shared)] == [{7: "7"}, {3: "3"}]
    # One of two values in a layer, or one value in two layers, is a series of something else.
    for wrong in (np.stack([SOL * 2, GM * 2], axis=-1), np.stack([SOL + 2 * GM, GM * 3], axis=-1)):
        with pytest.raises(InputError, match="images one after another"):
            open_labels(nrrd(tmp_path / "z.nrrd", wrong.astype("u1"), "list"))


def test_one_label_a_voxel_counts_overlaps(tmp_path: Path) -> None:
    both = np.stack([SOL | GM, GM], axis=-1)
    with pytest.warns(InputWarning, match="overlap on 3 voxels"):
        read = open_labels(nrrd(tmp_path / "x.nrrd", both, "list"))
    assert [int((read.array == label).sum()) for label in (1, 2)] == [6, 3]


def test_layers_that_overlap_are_each_whole(tmp_path: Path) -> None:
    group = SOL | GM
    layers = np.stack([SOL, GM, group], axis=-1)
    paths = [
        nrrd(tmp_path / "a.nrrd", layers, "list"),
        nrrd(tmp_path / "b.nrrd", layers * np.uint8(255), "vector", last=True),
        metaimage(tmp_path / "c.mha", layers, channels=False),
        metaimage(tmp_path / "d.mha", layers.astype(np.float32), channels=True),
        nifti(tmp_path / "e.nii", layers, vector=True),
    ]
    for path in paths:
        (tmp_path / f"{path.stem}.json").write_text('{"labels": {"1": "SOL", "2": "GM", "3": "TS"}}', encoding="utf-8")
        found = open_label_layers(path)
        assert [dict(layer.names) for layer in found] == [{1: "SOL"}, {2: "GM"}, {3: "TS"}]
        for layer, truth in zip(found, (SOL, GM, group), strict=True):
            assert np.array_equal(layer.array > 0, truth > 0)
        seeds = open_seeds(path)
        assert [int(seeds.masks[label][1].sum()) for label in (1, 2, 3)] == [int(each.sum()) for each in (SOL, GM, group)]
