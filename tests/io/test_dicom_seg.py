"""DICOM segmentations: binary, fractional and label maps, sparse and overlapping, as labels and as seeds."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import FileDataset
from pydicom.pixels.utils import pack_bits
from pydicom.sequence import Sequence

from dicom_files import as_bytes, image, item
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.kinds import kind_of
from ifssnet.io.open import open_label_layers, open_labels
from ifssnet.io.seeds.seed_files import open_seeds
from ifssnet.measurement.layers import measure_layers

SEGMENTATION, LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"
AXES = [0, 1, 0, -1, 0, 0]
"""Along a row to the back (+y), down the rows to the right (-x): their normal is +z."""
ONE, TWO = np.zeros((4, 6), dtype=np.uint8), np.zeros((4, 6), dtype=np.uint8)
ONE[1:3, 1:3], TWO[1:3, 3:5] = 1, 1

Frames = list[tuple[int, float, np.ndarray]]
"""Segment, place along z in mm, and pixels."""


def segmentation(frames: Frames, kind: str = "BINARY", spacing: float | None = 2.0, most: int = 255) -> FileDataset:
    pixels = np.array([frame for _, _, frame in frames], dtype=np.uint8)
    names = {1: "Soleus", 2: "GM"}
    own = [
        item(
            PlanePositionSequence=Sequence([item(ImagePositionPatient=[10, 20, z])]),
            SegmentIdentificationSequence=Sequence([item(ReferencedSegmentNumber=number)]),
        )
        for number, z, _ in frames
    ]
    measures = item(PixelSpacing=[0.5, 0.25], SliceThickness=2.0)
    if spacing is not None:
        measures.SpacingBetweenSlices = spacing
    shared = item(
        PixelMeasuresSequence=Sequence([measures]),
        PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=AXES)]),
    )
    sop = LABEL_MAP if kind == "LABELMAP" else SEGMENTATION
    data = image(pixels, sop, SegmentationType=kind, Modality="SEG")
    data.SegmentSequence = Sequence(
        [
            item(SegmentNumber=n, SegmentLabel=name, RecommendedDisplayCIELabValue=[65535, 32896, 32896])
            for n, name in names.items()
        ]
    )
    data.SharedFunctionalGroupsSequence = Sequence([shared])
    data.PerFrameFunctionalGroupsSequence = Sequence(own)
    if kind == "BINARY":
        data.BitsAllocated, data.BitsStored, data.HighBit = 1, 1, 0
        data.PixelData = pack_bits(pixels)
    if kind == "FRACTIONAL":
        data.MaximumFractionalValue, data.SegmentationFractionalType = most, "PROBABILITY"
    return data


def put(folder: Path, data: Any) -> Path:
    path = folder / "x.dcm"
    path.write_bytes(as_bytes(data))
    return path


def test_frames_in_any_order_become_labels_at_their_place(tmp_path: Path) -> None:
    path = put(tmp_path, segmentation([(2, 14, TWO), (1, 10, ONE), (1, 14, ONE)]))
    assert kind_of(path) == "dicom-seg"
    labels = open_labels(path)
    assert labels.array.tolist() == [ONE.tolist(), np.zeros_like(ONE).tolist(), (ONE + 2 * TWO).tolist()]
    assert dict(labels.names) == {1: "Soleus", 2: "GM"}
    assert labels.colors[1] == (255, 255, 255)
    assert labels.grid.spacing_xyz_mm == pytest.approx((0.25, 0.5, 2))
    # Voxel (1, 1, 1): a column further is +y, a row further -x, a slice further +z.
    assert labels.grid.points_to_mm(np.ones((1, 3)))[0] == pytest.approx([10 - 0.5, 20 + 0.25, 12])


def test_fractions_are_cut_at_one_half_aloud(tmp_path: Path) -> None:
    shares = ONE * 200 + TWO * 100
    path = put(tmp_path, segmentation([(1, 0, shares), (2, 2, TWO * 255)], "FRACTIONAL"))
    with pytest.warns(InputWarning, match="probabilities; segments were cut at one half"):
        assert open_labels(path).array.tolist() == [ONE.tolist(), (2 * TWO).tolist()]
    whole = put(tmp_path, segmentation([(1, 0, ONE), (2, 2, TWO)], "FRACTIONAL", most=1))
    assert open_labels(whole).array.tolist() == [ONE.tolist(), (2 * TWO).tolist()]


def test_a_label_map_of_dicom(tmp_path: Path) -> None:
    path = put(tmp_path, segmentation([(0, 0, ONE + 2 * TWO), (0, 2, TWO)], "LABELMAP"))
    assert open_labels(path).array.tolist() == [(ONE + 2 * TWO).tolist(), TWO.tolist()]


def test_segments_that_overlap_stay_apart_in_seeds(tmp_path: Path) -> None:
    both = ONE | TWO
    path = put(tmp_path, segmentation([(1, 0, both), (2, 0, TWO)]))
    seeds = open_seeds(path)
    assert {seeds.name(label): int(masks[0].sum()) for label, masks in seeds.masks.items()} == {"Soleus": 8, "GM": 4}
    with pytest.warns(InputWarning, match="overlap on 4 voxels"):
        open_labels(path)


def test_segments_that_overlap_are_measured_each_from_its_own_layer(tmp_path: Path) -> None:
    path = put(tmp_path, segmentation([(1, 10, ONE), (2, 10, ONE | TWO), (2, 12, TWO)]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        volumes = {name: each.volume_cm3 for name, each in measure_layers(open_label_layers(path)).muscles.items()}
    # 4 pixels of one and 8 + 4 of the other, each 0.25 x 0.5 x 2 mm.
    assert volumes == {"SOL": 4 * 0.25e-3, "GM": 12 * 0.25e-3}


@pytest.mark.parametrize("spacing", [2.0, None])
def test_sparse_planes_keep_their_distances(tmp_path: Path, spacing: float | None) -> None:
    frames: Frames = [(1, 0, ONE), (1, 6, ONE), (1, 20, ONE)]
    labels = open_labels(put(tmp_path, segmentation(frames, spacing=spacing)))
    assert labels.grid.spacing_xyz_mm[2] == pytest.approx(2)
    assert np.flatnonzero(labels.array.any(axis=(1, 2))).tolist() == [0, 3, 10]


def test_planes_that_contradict_the_distance_in_the_file_are_refused(tmp_path: Path) -> None:
    frames: Frames = [(1, z, ONE) for z in (10.0, 12.0, 14.0)]
    with pytest.raises(InputError, match=r"0\.25 x 0\.5 x 2 mm by the planes' positions and .* x 3 mm by Spacing"):
        open_labels(put(tmp_path, segmentation(frames, spacing=3.0)))
    # Slices may be thicker than they are apart.
    data = segmentation(frames, spacing=None)
    data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SliceThickness = 5.0
    assert open_labels(put(tmp_path, data)).grid.spacing_xyz_mm[2] == 2


def test_values_that_the_file_does_not_explain_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one of segment 7"):
        open_labels(put(tmp_path, segmentation([(1, 10, ONE + 7 * TWO)], "LABELMAP")))
    with pytest.raises(InputError, match=r"at most 100 \(MaximumFractionalValue\).*200"):
        open_labels(put(tmp_path, segmentation([(1, 10, ONE * 200)], "FRACTIONAL", most=100)))


def test_a_segment_without_a_label_has_the_name_of_its_code(tmp_path: Path) -> None:
    data = segmentation([(1, 10, ONE), (2, 10, TWO)])
    code = item(CodeValue="45945004", CodingSchemeDesignator="SCT", CodeMeaning="Soleus muscle")
    data.SegmentSequence[0].SegmentLabel = " "
    data.SegmentSequence[0].SegmentedPropertyTypeCodeSequence = Sequence([code])
    del data.SegmentSequence[1].SegmentLabel
    assert dict(open_labels(put(tmp_path, data)).names) == {1: "Soleus muscle", 2: "2"}


def test_planes_at_odd_places_and_unknown_segments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="whole multiples"):
        open_labels(put(tmp_path, segmentation([(1, 0, ONE), (1, 3.1, ONE), (1, 8, ONE)])))
    with pytest.raises(InputError, match="one of segment 7"):
        open_labels(put(tmp_path, segmentation([(7, 0, ONE), (1, 2, ONE)])))


WHOLE = as_bytes(segmentation([(2, 14, TWO), (1, 10, ONE)]))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_but_an_input_error_comes_out(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "x.dcm"
    path.write_bytes(bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", InputWarning)
        try:
            open_labels(path)
        except InputError:
            return
