from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.io.open import open_labels
from ifssnet.io.save import save
from ifssnet.io.seeds.annotated_slices import HEADER_KEY, annotated, read_record
from ifssnet.io.seeds.seed_files import open_seeds, save_seeds
from ifssnet.io.volumes.seg_nrrd import terminology_of
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation
from ifssnet.propagate.seeding.joined_seeds import corrected
from ifssnet.workflow.leg.case import segment

GRID = Grid((12, 6, 8), (0.5, 0.75, 2.0), (10.0, -20.0, 30.0), ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))
FORMATS = [".mha", ".nrrd", ".nii.gz", ".seg.nrrd"]


def box(y: int, x: int, size: int = 2) -> np.ndarray:
    mask = np.zeros((6, 8), dtype=bool)
    mask[y : y + size, x : x + size] = True
    return mask


def label_map(drawn: dict[int, dict[int, np.ndarray]], names: dict[int, str]) -> LabelMap:
    array = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    for label, by_slice in drawn.items():
        for z, mask in by_slice.items():
            array[z][mask] = label
    return LabelMap(array, GRID, names)


def same(one: Seeds, other: Seeds) -> None:
    assert {one.name(label): one.slices(label) for label in one.labels} == {
        other.name(label): other.slices(label) for label in other.labels
    }
    for label in one.labels:
        twin = next(each for each in other.labels if other.name(each) == one.name(label))
        for z in one.slices(label):
            np.testing.assert_array_equal(one.masks[label][z], other.masks[twin][z])
    assert one.grid.matches(other.grid)


@pytest.mark.parametrize("suffix", FORMATS)
def test_annotated_and_absent_survives(tmp_path: Path, suffix: str):
    # SOL is absent on 0 and 9, where nothing at all is drawn; GM is absent on every slice that was looked at.
    nothing = np.zeros((6, 8), dtype=bool)
    masks = {1: {0: nothing, 3: box(1, 1), 4: box(1, 2), 9: nothing}, 2: {4: nothing}}
    seeds = Seeds(masks, GRID, {1: "SOL", 2: "GM"})
    path = tmp_path / f"seeds of é{suffix}"
    save_seeds(seeds, path)
    again = open_seeds(path)
    same(seeds, again)
    assert again.slices(1) == (0, 3, 4, 9)
    assert again.present(1) == (3, 4)
    assert again.present(2) == ()


def test_overlapping_segments_stay_apart(tmp_path: Path):
    masks = {1: {3: box(1, 1, 3)}, 2: {3: box(2, 2, 3)}, 3: {3: box(0, 6)}}
    seeds = Seeds(masks, GRID, {1: "SOL", 2: "GM", 3: "GL"}, {1: (10, 20, 30)})
    save_seeds(seeds, tmp_path / "a.seg.nrrd")
    again = open_seeds(tmp_path / "a.seg.nrrd")
    same(seeds, again)
    assert again.colors[next(label for label in again.labels if again.name(label) == "SOL")] == (10, 20, 30)
    # A plain label map holds one label a voxel: 3 x 3 and 3 x 3 share 2 x 2.
    with pytest.warns(InputWarning, match="overlap on 4 pixels"):
        save_seeds(seeds, tmp_path / "a.nrrd")
    assert open_seeds(tmp_path / "a.nrrd").masks[1][3].sum() == 5


def test_without_a_record_a_slice_with_anything_on_it_counts(tmp_path: Path):
    # Drawn: SOL on 2, 6 and 8; GM on 4, 6 and 10. Outside its own range a muscle is absent where the other was drawn;
    # inside it is not annotated: SOL not on 4, GM not on 8. Slices with nothing on them say nothing.
    drawn = {1: {z: box(1, 1) for z in (2, 6, 8)}, 2: {z: box(3, 5) for z in (4, 6, 10)}}
    save(label_map(drawn, {1: "SOL", 2: "GM"}), tmp_path / "a.mha")
    with pytest.warns(InputWarning) as caught:
        seeds = open_seeds(tmp_path / "a.mha")
    assert seeds.slices(1) == (2, 6, 8, 10)
    assert seeds.present(1) == (2, 6, 8)
    assert seeds.slices(2) == (2, 4, 6, 10)
    assert seeds.present(2) == (4, 6, 10)
    told = sorted(str(one.message) for one in caught)
    assert len(told) == 2
    assert "GM is missing on 1 slice" in told[0]
    assert "SOL is missing on 1 slice" in told[1]


def test_a_full_label_map_is_annotated_everywhere(tmp_path: Path):
    drawn = {1: {z: box(1, 1) for z in range(12)}, 2: {z: box(3, 5) for z in range(4, 9)}}
    save(label_map(drawn, {1: "SOL", 2: "GM"}), tmp_path / "a.nrrd")
    seeds = open_seeds(tmp_path / "a.nrrd")
    assert seeds.slices(1) == seeds.slices(2) == tuple(range(12))
    assert seeds.present(2) == (4, 5, 6, 7, 8)


def test_what_was_drawn_after_the_record_counts_too(tmp_path: Path):
    labels = label_map({1: {3: box(1, 1), 7: box(1, 1)}}, {1: "SOL"})
    recorded = LabelMap(labels.array, GRID, labels.names, header={HEADER_KEY: json.dumps({"SOL": [1, 3], "TA": [5]})})
    save(recorded, tmp_path / "a.mha")
    with pytest.warns(InputWarning) as caught:
        seeds = open_seeds(tmp_path / "a.mha")
    assert seeds.slices(1) == (1, 3, 7)
    assert seeds.present(1) == (3, 7)
    assert sorted("TA" in str(one.message) for one in caught) == [False, True]


@pytest.mark.parametrize(
    "record", ["[1]", '{"SOL": [99]}', '{"SOL": [true]}', '{"SOL": 3}', "{", '{"SOL": [-1]}', '{"SOL": [1.5]}']
)
def test_a_broken_record_is_said(record: str):
    with pytest.raises(InputError, match="Remove ifss_annotated_slices"):
        read_record(record, {1: "SOL"}, 12, "a.mha")


def test_the_record_beside_a_nifti_outlives_its_header(tmp_path: Path):
    nothing = np.zeros((6, 8), dtype=bool)
    path = tmp_path / "a.nii.gz"
    save_seeds(Seeds({1: {3: box(1, 1), 8: nothing}}, GRID, {1: "SOL"}), path)
    told = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert told[HEADER_KEY] == {"SOL": [3, 8]}
    assert told["labels"] == {"1": "SOL"}
    # Another program writes the image again and knows nothing of the record.
    plain = open_labels(path)
    save(LabelMap(plain.array, plain.grid, {}), path, force=True)
    assert open_seeds(path).slices(1) == (3, 8)


def test_two_muscles_of_one_name_are_recorded_by_number(tmp_path: Path):
    nothing = np.zeros((6, 8), dtype=bool)
    seeds = Seeds({1: {3: box(1, 1), 5: nothing}, 2: {3: box(3, 3), 7: nothing}}, GRID, {1: "SOL", 2: "SOL"})
    save_seeds(seeds, tmp_path / "a.mha")
    again = open_seeds(tmp_path / "a.mha")
    assert (again.slices(1), again.slices(2)) == ((3, 5), (3, 7))


def test_nothing_drawn_and_nothing_there(tmp_path: Path):
    save(label_map({}, {1: "SOL"}), tmp_path / "a.mha")
    with pytest.raises(InputError, match="at least one labelled slice"):
        open_seeds(tmp_path / "a.mha")
    with pytest.raises(InputError, match="no file at"):
        open_seeds(tmp_path / "missing.nrrd")
    seeds = Seeds({1: {3: box(1, 1)}}, GRID, {1: "SOL"})
    (tmp_path / "there.nrrd").write_bytes(b"")
    with pytest.raises(InputError, match="--force"):
        save_seeds(seeds, tmp_path / "there.nrrd")


def png(path: Path, mask: np.ndarray, value: int = 255) -> None:
    Image.fromarray((mask * value).astype(np.uint8)).save(path)


def test_png_masks_of_single_muscles(tmp_path: Path):
    png(tmp_path / "SOL_0003.png", box(1, 2))
    png(tmp_path / "Soleus-4.png", box(2, 2))
    png(tmp_path / "SOL_0009.png", box(0, 0) & False)
    png(tmp_path / "MedialGastrocnemius_0003.png", box(4, 6))
    (tmp_path / "notes.txt").write_text("not a mask", encoding="utf-8")
    seeds = open_seeds(tmp_path, GRID)
    assert seeds.names == {1: "SOL", 2: "GM"}
    assert seeds.slices(1) == (3, 4, 9)
    assert seeds.present(1) == (3, 4)
    assert seeds.slices(2) == (3,)
    np.testing.assert_array_equal(seeds.masks[1][3], box(1, 2))
    with pytest.raises(InputError, match="Give the volume too"):
        open_seeds(tmp_path)


@pytest.mark.parametrize(
    "name", ["SOL_0003.tif", "SOL_0003.BMP", "0003_SOL.png", "SOL_slice_0003.png", "M. soleus mask (3).png",
     "z003_SOL.png", "3.SOL.png", "slice 003 SOL.png", "SOL.0003.png"],
)  # fmt: skip
def test_png_masks_by_other_names(tmp_path: Path, name: str):
    png(tmp_path / name, box(1, 2))
    seeds = open_seeds(tmp_path, GRID)
    assert seeds.names == {1: "SOL"}
    assert np.array_equal(seeds.masks[1][3], box(1, 2))


def test_pictures_that_are_no_masks_of_a_slice_are_named(tmp_path: Path):
    for name in ("SOL_0003.png", "overview.png", "SOL_0004 copy.png"):
        png(tmp_path / name, box(1, 2))
    with pytest.warns(InputWarning, match=r"2 pictures .* left out: SOL_0004 copy\.png, overview\.png"):
        assert open_seeds(tmp_path, GRID).present(1) == (3,)
    png(tmp_path / "SOL_0005 (1).png", box(1, 2))
    with pytest.raises(InputError, match="looks like a copy"):
        open_seeds(tmp_path, GRID)


def test_png_masks_numbered_from_1(tmp_path: Path):
    for number in range(1, GRID.slices + 1):
        png(tmp_path / f"SOL_{number}.png", box(1, 2) & (3 < number < 7))
    with pytest.warns(InputWarning, match="file 1 was taken as slice 0"):
        seeds = open_seeds(tmp_path, GRID)
    assert seeds.present(1) == (3, 4, 5)


def test_two_masks_of_one_muscle_on_one_slice(tmp_path: Path):
    png(tmp_path / "SOL_3.png", box(1, 2))
    png(tmp_path / "SOL_0003.png", box(1, 2))
    assert open_seeds(tmp_path, GRID).present(1) == (3,)
    png(tmp_path / "soleus_03.png", box(2, 2))
    with pytest.raises(InputError, match="one mask of each muscle on slice 3"):
        open_seeds(tmp_path, GRID)


def test_png_masks_with_label_values(tmp_path: Path):
    png(tmp_path / "slice_0002.png", box(1, 1), 3)
    png(tmp_path / "slice_0005.png", box(1, 1), 3)
    Image.fromarray((box(1, 1) * 3 + box(4, 4) * 7).astype(np.uint8)).save(tmp_path / "slice_0006.png")
    png(tmp_path / "slice_0010.png", box(0, 0), 0)
    (tmp_path / "labels.json").write_text('{"3": "SOL", "7": "GM"}', encoding="utf-8")
    seeds = open_seeds(tmp_path, GRID)
    assert seeds.names == {3: "SOL", 7: "GM"}
    assert seeds.slices(3) == seeds.slices(7) == (2, 5, 6, 10)
    assert seeds.present(3) == (2, 5, 6)
    assert seeds.present(7) == (6,)


@pytest.mark.parametrize(
    ("name", "mask", "words"),
    [
        ("SOL_0012.png", box(1, 1), "slices from 0 to 11"),
        ("SOL_0003.png", np.ones((8, 6), dtype=bool), "6 x 8 in SOL_0003"),
        ("SOL.png", box(1, 1), "SOL_0123"),
    ],
)
def test_png_masks_that_do_not_fit(tmp_path: Path, name: str, mask: np.ndarray, words: str):
    png(tmp_path / name, mask)
    with pytest.raises(InputError, match=words):
        open_seeds(tmp_path, GRID)


def test_a_png_that_is_none_and_names_that_are_none(tmp_path: Path):
    (tmp_path / "SOL_0003.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InputError, match="readable mask"):
        open_seeds(tmp_path, GRID)
    (tmp_path / "labels.json").write_text('{"zero": "one"}', encoding="utf-8")
    with pytest.raises(InputError, match=r"labels\.json"):
        open_seeds(tmp_path, GRID)


@given(
    slices=st.lists(st.sets(st.integers(0, 11), max_size=6), min_size=1, max_size=3),
    bits=st.randoms(use_true_random=False),
    suffix=st.sampled_from(FORMATS),
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_round_trip(tmp_path: Path, slices: list[set[int]], bits: object, suffix: str):
    random = np.random.default_rng(bits.randint(0, 2**32))  # type: ignore[attr-defined]
    overlapping = suffix == ".seg.nrrd"
    owner = random.integers(0, 4, (12, 6, 8))
    masks: dict[int, dict[int, np.ndarray]] = {}
    for label, chosen in enumerate(slices, start=1):
        masks[label] = {z: (random.random((6, 8)) < 0.3) if overlapping else owner[z] == label for z in chosen}
    seeds = Seeds(masks, GRID, {1: "SOL", 2: "GM", 3: "GL"})
    if not any(masks.values()):
        return
    save_seeds(seeds, tmp_path / f"a{suffix}", force=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = open_seeds(tmp_path / f"a{suffix}")
    same(Seeds(masks, GRID, seeds.names), again)


@given(st.dictionaries(st.integers(1, 3), st.sets(st.integers(0, 30), min_size=1), min_size=1))
@settings(deadline=None, max_examples=60)
def test_rules_of_annotation(drawn: dict[int, set[int]]):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        found = annotated(drawn, {}, "a file", None)
    anything = set().union(*drawn.values())
    for label, own in drawn.items():
        assert own <= set(found[label]) <= anything
        absent = set(found[label]) - own
        assert not any(min(own) < z < max(own) for z in absent)
        assert absent == {z for z in anything if z < min(own) or z > max(own)}


@given(data=st.binary(max_size=300), suffix=st.sampled_from([".nrrd", ".seg.nrrd", ".mha", ".nii.gz", ".png"]))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_at_all(tmp_path: Path, data: bytes, suffix: str):
    path = tmp_path / f"any{suffix}"
    start = b"NRRD0004\nSegment0_Name:=a\n" if suffix == ".seg.nrrd" else b""
    path.write_bytes(start + data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        with pytest.raises(InputError):
            open_seeds(path)


def test_what_3d_slicer_says_of_a_muscle_goes_from_seeds_to_the_result(tmp_path: Path):
    muscle = "Segmentation category - 3D Slicer~SCT^123037004^Anatomical Structure~SCT^45048000^Muscle~^^~~^^~^^"
    seeds = Seeds(
        {3: {2: box(1, 1), 8: box(1, 2)}, 5: {2: box(3, 5)}}, GRID, {3: "SOL", 5: "GM"}, terminology={3: muscle, 9: "a~b"}
    )
    save_seeds(seeds, tmp_path / "drawn.seg.nrrd")
    drawn = open_seeds(tmp_path / "drawn.seg.nrrd")
    assert drawn.terminology == {3: muscle}
    # Another file has the muscle under another number; what it says of one that nobody knew is added.
    correction = Seeds({1: {4: box(2, 2)}, 2: {4: box(4, 6)}}, GRID, {1: "SOL", 2: "GM"}, terminology={1: "c~d", 2: "e~f"})
    both = corrected(drawn, correction, "fixed.seg.nrrd")
    assert both.terminology == {3: muscle, 5: "e~f"}
    result = drain(segment(None, both, ShapeInterpolation())).labels
    save(result, tmp_path / "result.seg.nrrd")
    assert terminology_of(open_labels(tmp_path / "result.seg.nrrd").header) == {3: muscle, 5: "e~f"}
    save(result, tmp_path / "result.mha")
    assert not any("Segment" in key for key in open_labels(tmp_path / "result.mha").header)
