from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.io.open import open_labels
from ifssnet.io.save import save
from ifssnet.io.volumes.seg_nrrd import SegmentLayers, read_segment_layers, write_seg_nrrd

GRID = Grid((3, 4, 5), (0.5, 0.6, 0.7), (1.0, 2.0, 3.0))


def block(*bounds: int) -> np.ndarray:
    z0, z1, y0, y1, x0, x1 = bounds
    mask = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    mask[z0:z1, y0:y1, x0:x1] = 1
    return mask


SOL, GM = block(0, 3, 0, 2, 0, 5), block(1, 3, 1, 4, 2, 5)
CORE = block(1, 2, 1, 3, 1, 4)
HEAD = """NRRD0004
type: unsigned char
dimension: {dimension}
space: left-posterior-superior
sizes: {sizes}
space directions: {directions}
kinds: {kinds}
encoding: raw
space origin: (1,2,3)
"""
STEPS = "(0.5,0,0) (0,0.6,0) (0,0,0.7)"
LAYERED = HEAD.format(dimension=4, sizes="2 5 4 3", directions=f"none {STEPS}", kinds="list domain domain domain")
FLAT = HEAD.format(dimension=3, sizes="5 4 3", directions=STEPS, kinds="domain domain domain")


def put(path: Path, header: str, pairs: dict[str, str], pixels: np.ndarray) -> Path:
    text = header + "".join(f"{key}:={value}\n" for key, value in pairs.items()) + "\n"
    path.write_bytes(text.encode() + pixels.tobytes())
    return path


def test_a_file_of_slicer(tmp_path: Path) -> None:
    labels = SOL * 1 + np.where((GM == 1) & (SOL == 0), 7, 0).astype(np.uint8)
    pairs = {
        "Segment0_ID": "Segment_9", "Segment0_Name": "Soleus é", "Segment0_Color": "0.5 0.25 1", "Segment0_LabelValue": "1",
        "Segment0_Layer": "0", "Segment0_Tags": "a:b|c:d|", "Segment0_Extent": "0 4 0 1 0 2", "Segment1_Name": "GM",
        "Segment1_LabelValue": "7", "Segment1_Layer": "0", "Segmentation_ReferenceImageExtentOffset": "5 6 7",
        "Segmentation_ConversionParameters": "Reference image geometry|0.5;0;0;1|text",
    }  # fmt: skip
    found = open_labels(put(tmp_path / "x.seg.nrrd", FLAT, pairs, labels))
    assert dict(found.names) == {1: "Soleus é", 7: "GM"}
    assert dict(found.colors) == {1: (128, 64, 255)}
    assert (found.array == labels).all()
    save(found, tmp_path / "y.seg.nrrd")
    text = (tmp_path / "y.seg.nrrd").read_bytes().split(b"\n\n")[0].decode()
    for line in (
        "Segment0_ID:=Segment_9", "Segment0_Tags:=a:b|c:d|", "Segment0_Extent:=0 4 0 1 0 2", "Segment1_Extent:=2 4 2 3 1 2",
        "Segment1_LabelValue:=7", "Segmentation_ReferenceImageExtentOffset:=5 6 7",
        "Segmentation_ConversionParameters:=Reference image geometry|0.5;0;0;1|text",
    ):  # fmt: skip
        assert line in text.splitlines()
    again = open_labels(tmp_path / "y.seg.nrrd")
    assert dict(again.names) == dict(found.names)
    assert again.colors[1] == (128, 64, 255)


def test_layers_that_overlap_stay_apart_and_can_be_flattened(tmp_path: Path) -> None:
    pairs = {
        "Segment0_Name": "SOL", "Segment0_LabelValue": "1", "Segment0_Layer": "0",
        "Segment1_Name": "GM", "Segment1_LabelValue": "1", "Segment1_Layer": "1",
    }  # fmt: skip
    path = put(tmp_path / "x.seg.nrrd", LAYERED, pairs, np.stack([SOL, GM], axis=-1))
    segments = read_segment_layers(path)
    assert [dict(layer.names) for layer in segments.layers] == [{1: "SOL"}, {1: "GM"}]
    assert all((layer.array == mask).all() for layer, mask in zip(segments.layers, (SOL, GM), strict=True))
    # They share z 1-2, y 1, x 2-4: six voxels, which the later segment takes.
    with pytest.warns(InputWarning, match="6 voxels"):
        labels = open_labels(path)
    assert dict(labels.names) == {1: "SOL", 2: "GM"}
    assert (labels.array == np.where(GM == 1, 2, SOL)).all()
    write_seg_nrrd(segments, tmp_path / "y.seg.nrrd", True)
    again = read_segment_layers(tmp_path / "y.seg.nrrd")
    assert all((a.array == b.array).all() and a.names == b.names for a, b in zip(again.layers, segments.layers, strict=True))
    assert again.layers[0].grid.matches(GRID)


def test_an_old_file_with_a_segment_a_layer(tmp_path: Path) -> None:
    pairs = {"Segment0_Name": "SOL", "Segment1_Name": "GM"}
    segments = read_segment_layers(put(tmp_path / "x.seg.nrrd", LAYERED, pairs, np.stack([SOL, GM], axis=-1)))
    assert [dict(layer.names) for layer in segments.layers] == [{1: "SOL"}, {1: "GM"}]
    assert (segments.layers[1].array == GM).all()


@pytest.mark.parametrize(
    "pairs",
    [
        {"Segment0_Layer": "1"}, {"Segment0_Layer": "-1"}, {"Segment0_LabelValue": "0"}, {"Segment0_LabelValue": "x"},
        {"Segment0_Color": "1 1"}, {"Segment0_Name": "a", "Segment1_Name": "b"},
    ],
)  # fmt: skip
def test_segments_that_cannot_be_are_refused(tmp_path: Path, pairs: dict[str, str]) -> None:
    with pytest.raises(InputError):
        read_segment_layers(put(tmp_path / "x.seg.nrrd", FLAT, pairs, SOL))


def test_a_label_without_voxels_or_without_a_name(tmp_path: Path) -> None:
    save(LabelMap(SOL * 3, GRID, {1: "GL"}), tmp_path / "x.seg.nrrd")
    found = open_labels(tmp_path / "x.seg.nrrd")
    assert dict(found.names) == {1: "GL", 3: "3"}
    assert b"Segment0_Extent:=0 -1 0 -1 0 -1" in (tmp_path / "x.seg.nrrd").read_bytes()


def test_layers_must_share_a_grid() -> None:
    other = LabelMap(SOL, Grid(GRID.shape_zyx), {1: "b"})
    with pytest.raises(InputError, match="one grid"):
        SegmentLayers((LabelMap(SOL, GRID, {1: "a"}), other))


def test_a_background_beside_the_segments_is_none_of_them(tmp_path: Path) -> None:
    path = put(
        tmp_path / "x.seg.nrrd", FLAT, {"Segment0_Name": "SOL", "Segment0_LabelValue": "1"}, np.where(CORE, 1, 255).astype("u1")
    )
    with pytest.warns(InputWarning, match="255 was taken as the background"):
        found = open_labels(path)
    assert dict(found.names) == {1: "SOL"}
    assert np.array_equal(found.array, CORE)


@pytest.mark.parametrize("key", ["Segmentation_SourceRepresentation", "Segmentation_MasterRepresentation"])
def test_a_fractional_label_map_is_refused(tmp_path: Path, key: str) -> None:
    path = put(tmp_path / "x.seg.nrrd", FLAT, {"Segment0_Name": "SOL", key: "Fractional labelmap"}, 100 * SOL)
    with pytest.raises(InputError, match="a binary label map in x"):
        open_labels(path)
