"""The verbs take arrays with a spacing, and find what they find of the same arrays as volumes and label maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ifssnet
from ifssnet import Grid, InputError, LabelMap, Seeds, Volume
from ifssnet.core.images import check_on_grid

GRID = Grid((20, 16, 18), (0.5, 0.5, 2.0))
SPACING = (0.5, 0.5, 2.0)
NAMES = {1: "SOL"}


def box() -> np.ndarray:
    array = np.zeros(GRID.shape_zyx, np.uint8)
    array[2:18, 4:12, 5:13] = 1
    return array


def drawn() -> np.ndarray:
    array = box()
    array[4:16] = 0
    return array


def grey() -> np.ndarray:
    return (box() * 100 + 7).astype(np.uint8)


def test_segment_from_arrays_is_segment_from_nouns() -> None:
    masks = {1: {z: drawn()[z] == 1 for z in (2, 3, 16, 17)}}
    expected = ifssnet.segment(Volume(grey(), GRID), Seeds(masks, GRID, NAMES), "grow-from-seeds")
    found = ifssnet.segment(grey(), drawn(), "grow-from-seeds", spacing_mm=SPACING, names=NAMES)
    assert found.labels.grid == GRID
    assert found.labels.names == NAMES
    assert np.array_equal(found.labels.array, expected.labels.array)
    assert found.labels.array.sum() > drawn().sum()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, bool])
def test_measure_takes_labels_of_any_type(dtype: type) -> None:
    found = ifssnet.measure(box().astype(dtype), grey(), spacing_mm=SPACING, names=NAMES).muscles["SOL"]
    assert found.volume_cm3 == pytest.approx(16 * 8 * 8 * 0.5 / 1000)
    assert found.length_mm == 32.0
    assert found.echo_intensity_mean == 107.0


def test_an_array_lies_where_the_noun_beside_it_lies() -> None:
    labels = LabelMap(box(), GRID, {1: "1"})
    assert ifssnet.compare(box(), labels).mean.dice == 1.0
    assert ifssnet.compare(labels, box()).mean.dice == 1.0
    assert ifssnet.measure(labels, grey()).muscles["1"].echo_intensity_mean == 107.0
    assert ifssnet.measure(box(), Volume(grey(), GRID)).muscles["1"].length_mm == 32.0
    assert ifssnet.segment(Volume(grey(), GRID), drawn(), "grow-from-seeds").labels.grid == GRID


def test_one_number_is_the_spacing_along_every_axis() -> None:
    assert ifssnet.measure(box(), spacing_mm=2.0, names=NAMES).muscles["SOL"].volume_cm3 == pytest.approx(16 * 64 * 8 / 1000)


def test_the_values_of_the_papers_data_set_have_its_names() -> None:
    assert list(ifssnet.measure(box() * 100, spacing_mm=1.0).muscles) == ["SOL"]


def test_what_could_be_read_in_two_ways_or_has_no_effect_is_refused() -> None:
    labels = LabelMap(box(), GRID, NAMES)
    for call, words in (
        (lambda: ifssnet.measure(box()), "spacing_mm"),
        (lambda: ifssnet.measure(box()[0], spacing_mm=1.0), "axes z, y, x"),
        (lambda: ifssnet.measure(labels, spacing_mm=1.0), "Leave it out"),
        (lambda: ifssnet.measure(labels, grey(), names=NAMES), "Leave them out"),
        (lambda: ifssnet.measure(labels, grey(), spacing_mm=1.0), "Correct spacing_mm"),
        (lambda: ifssnet.measure(labels, grey()[:5]), "Give spacing_mm"),
        (lambda: ifssnet.measure(box() * 1.5, spacing_mm=1.0), "whole numbers"),
        (lambda: ifssnet.segment(None, np.zeros((4, 5, 6), np.uint8), spacing_mm=1.0), "at least one"),
        (lambda: ifssnet.measure(box(), spacing_mm=-1.0), "positive"),
    ):
        with pytest.raises(InputError, match=words):
            call()


def test_a_report_of_what_is_in_memory(tmp_path: Path) -> None:
    segmentation = ifssnet.segment(grey(), drawn(), "shape-interpolation", spacing_mm=SPACING, names=NAMES)
    truth = LabelMap(box(), GRID, NAMES)
    page = ifssnet.report(segmentation, tmp_path / "leg.html", Volume(grey(), GRID), reference=truth, title="Leg 7")
    text = page.read_text(encoding="utf-8")
    assert "Leg 7" in text
    assert "shape-interpolation" in text
    with pytest.raises(InputError, match="exists"):
        ifssnet.report(segmentation, tmp_path / "leg.html")
    with pytest.raises(InputError, match="ends in"):
        ifssnet.report(segmentation, tmp_path / "leg.pdf")


def test_everything_that_a_session_shows_is_one_short_line() -> None:
    labels = LabelMap(box(), GRID, NAMES)
    volume, seeds = Volume(grey(), GRID), Seeds({1: {2: box()[2] == 1}}, GRID, NAMES)
    measures = ifssnet.measure(labels)
    shown = [volume, labels, seeds, ifssnet.segment(None, seeds), measures, measures.muscles["SOL"].profile]
    agreed = ifssnet.compare(labels, labels, per_slice=True)
    shown += [measures.muscles["SOL"], agreed, agreed.mean, (agreed.muscles["SOL"].per_slice or [None])[0]]
    shown += [ifssnet.Surface(np.zeros((3, 3)), np.zeros((1, 3), np.int64), "SOL")]
    for each in shown:
        assert "\n" not in repr(each)
        assert len(repr(each)) < 120
    assert repr(volume) == "Volume(uint8, 20 x 16 x 18 voxels of 2 x 0.5 x 0.5 mm (z, y, x))"
    assert repr(labels) == "LabelMap(SOL; 20 x 16 x 18 voxels of 2 x 0.5 x 0.5 mm (z, y, x))"
    assert repr(measures) == "LegMeasures(SOL 0.512 cm3)"
    assert repr(measures.muscles["SOL"]) == "MuscleMeasures(0.512 cm3, 32 mm long, largest ACSA 0.16 cm2)"
    assert repr(agreed.mean) == "MuscleAgreement(Dice 1.0000, HD95 0 mm, volume error +0 %)"


@pytest.mark.parametrize("spacing", [(2.0, 0.5, 0.5), 0.5, None])
def test_a_spacing_in_place_of_a_grid_is_refused_with_the_way_to_make_one(spacing: object) -> None:
    with pytest.raises(InputError, match=r"a volume with a Grid.*Grid\(array.shape"):
        check_on_grid(grey(), spacing, "a volume")
