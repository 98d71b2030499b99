"""Overlapping segments: each is measured and compared from its own layer, whatever else is in the file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.results.measures import EchoOptions, MeasureOptions
from ifssnet.geometry.surfaces.mesh import enclosed_volume_mm3
from ifssnet.io.open import open_label_layers, open_labels
from ifssnet.io.save import save, save_layers
from ifssnet.io.volumes.seg_nrrd import SegmentLayers, write_seg_nrrd
from ifssnet.io.volumes.surfaces import read_surfaces
from ifssnet.measurement.checks.completeness import completeness_findings
from ifssnet.measurement.checks.scanned_edge import muscle_coverage
from ifssnet.measurement.layers import (
    compare_layers,
    completeness_of_layers,
    coverage_of_layers,
    largest_layer,
    measure_layers,
)
from ifssnet.measurement.leg.muscles import measure
from ifssnet.measurement.reference.compare import compare
from ifssnet.workflow.report.outlined_slices import outlined_slice
from ifssnet.workflow.report.report_files import ShownSurfaces, muscle_surfaces
from ifssnet.workflow.report.reported_leg import read_leg

GRID = Grid((20, 18, 16), (1.0, 1.0, 2.0))
Z, Y, X = np.mgrid[:20, :18, :16]
SOL = ((Z - 10) / 9.0) ** 2 + ((Y - 11) / 6.0) ** 2 + ((X - 8) / 7.0) ** 2 < 1
GM = ((Z - 10) / 8.0) ** 2 + ((Y - 5) / 4.0) ** 2 + ((X - 8) / 6.0) ** 2 < 1


def written(path: Path, *layers: tuple[np.ndarray, str]) -> Path:
    maps = tuple(LabelMap(mask.astype(np.uint8), GRID, {1: name}) for mask, name in layers)
    write_seg_nrrd(SegmentLayers(maps), path, True)
    return path


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_whole_group_segment_takes_nothing_away(tmp_path: Path, order: tuple[int, ...]) -> None:
    parts = [(SOL, "SOL"), (GM, "GM"), (SOL | GM, "triceps surae")]
    path = written(tmp_path / "o.seg.nrrd", *(parts[i] for i in order))
    found = measure_layers(open_label_layers(path)).muscles
    for mask, name in parts:
        assert found[name].volume_cm3 == pytest.approx(mask.sum() * 2 / 1000)
    assert list(found)[:2] == ["SOL", "GM"]


def test_the_commands_measure_and_compare_each_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "o.seg.nrrd", (SOL, "SOL"), (SOL | GM, "group"), (GM, "GM"))
    assert main_code("measure", path, "--json") == 0
    muscles = json.loads(capsys.readouterr().out)["muscles"]
    assert muscles["SOL"]["volume_cm3"] == pytest.approx(SOL.sum() * 2 / 1000)
    save(LabelMap(SOL.astype(np.uint8), GRID, {1: "soleus"}), tmp_path / "sol.nrrd")
    with pytest.warns(InputWarning, match="reference has no GM, group"):
        agreement = compare_layers(open_label_layers(path), open_label_layers(tmp_path / "sol.nrrd"))
    assert agreement.muscles["SOL"].dice == 1
    assert agreement.muscles["GM"].dice == 0


def test_sides_on_layers_of_their_own_and_one_name_twice(tmp_path: Path) -> None:
    path = written(tmp_path / "o.seg.nrrd", (SOL, "SOL_L"), (SOL | GM, "group"), (GM, "SOL_R"))
    assert list(measure_layers(open_label_layers(path)).muscles) == ["SOL left", "SOL right", "group"]
    twice = written(tmp_path / "t.seg.nrrd", (SOL, "SOL"), (SOL | GM, "soleus"))
    with pytest.raises(InputError, match="two for SOL"):
        measure_layers(open_label_layers(twice))


def layer(mask: np.ndarray, name: str) -> LabelMap:
    return LabelMap(mask.astype(np.uint8), GRID, {1: name})


def test_each_muscle_of_layers_is_compared_as_if_it_were_alone() -> None:
    """Slices are left out of one of them; one is in the segmentation alone, one in the reference alone."""
    moved = np.roll(SOL, 1, axis=2)
    layers = (layer(SOL | GM, "group"), layer(SOL, "SOL"), layer(GM, "GM"))
    references = (layer(moved, "soleus"), layer(moved | GM, "group"), layer(GM & (Y < 5), "GL"))
    with pytest.warns(InputWarning) as said:
        found = compare_layers(layers, references, {"Soleus": (5, 9)}, per_slice=True, axis=1)
    words = sorted(str(each.message) for each in said)
    assert ["reference has no GM:" in words[0], "segmentation has no GL:" in words[1], len(words)] == [True, True, 2]
    assert list(found.muscles) == ["SOL", "GM", "GL", "group"]
    pairs = {"SOL": (SOL, moved), "GM": (GM, GM & False), "GL": (GM & False, GM & (Y < 5)), "group": (SOL | GM, moved | GM)}
    for name, (mask, truth) in pairs.items():
        without = {"one": (5, 9)} if name == "SOL" else None
        alone = compare(layer(mask, "one"), layer(truth, "one"), without, True, 1).muscles["one"]
        # Written down, as an unknown number is not equal to itself.
        assert repr(found.muscles[name]) == repr(alone)
    assert found.mean.dice == pytest.approx(np.mean([muscle.dice for muscle in found.muscles.values()]))
    assert (found.grid_shape_zyx, found.left_out_slices) == (GRID.shape_zyx, {"SOL": (5, 9)})
    single = compare_layers(layers[1:2], references[:1], {"SOL": (5, 9)}, True, 1)
    assert repr(single.muscles["SOL"]) == repr(found.muscles["SOL"])
    assert compare_layers(layers, layers).muscles["SOL"].per_slice is None
    for several, missing in ((layers, "GM, group"), (layers[1:], "GM")):
        for ours, theirs in ((several, layers[1:2]), (layers[1:2], several)):
            with pytest.warns(InputWarning, match=f"has no {missing}:"):
                either = compare_layers(ours, theirs)
            assert (either.muscles["GM"].dice, either.grid_shape_zyx) == (0.0, GRID.shape_zyx)


def test_layers_with_no_muscle_in_common_or_one_twice_are_refused() -> None:
    with pytest.raises(InputError, match="SOL, GM and group"):
        compare_layers((layer(SOL, "SOL"), layer(GM, "GM")), (layer(SOL | GM, "group"),))
    with pytest.raises(InputError, match="two for SOL"):
        compare_layers((layer(SOL, "SOL"), layer(GM, "soleus")), (layer(SOL, "SOL"),))


def test_findings_and_the_share_that_was_scanned_are_those_of_each_layer() -> None:
    layers = (layer(GM & (Z > 10), "GM"), layer(SOL & (Z < 10), "SOL"))
    assert completeness_of_layers(layers) == tuple(each for one in layers for each in completeness_findings(one))
    volume = Volume(np.full(GRID.shape_zyx, 90, np.uint8), GRID)
    found = coverage_of_layers(layers, volume)
    assert list(found) == ["SOL", "GM"]
    assert repr(found) == repr(muscle_coverage(layers[1], volume) | muscle_coverage(layers[0], volume))
    assert largest_layer((layers[0], layers[1], layer(SOL, "x"), layers[0])).names == {1: "x"}


def test_what_holds_for_all_layers_is_said_of_the_measures_of_all() -> None:
    options = MeasureOptions(mesh=False, centroid_smoothing_mm=3.0, echo=EchoOptions(1.0, 5.0, "-y"))
    volume = Volume(np.linspace(0, 1, SOL.size, dtype=np.float32).reshape(SOL.shape), GRID)
    # The second one lies across.
    layers = (layer(SOL, "SOL"), layer((Y == 8) & (Z == 9), "group"))
    found, alone = measure_layers(layers, volume, options), measure(layers[0], volume, options)
    assert (found.slice_axis, measure_layers(layers[1:], volume, options).slice_axis) == (0, 2)
    assert (found.options, found.grey_scale, found.slice_axis) == (options, alone.grey_scale, alone.slice_axis)
    assert found.grey_scale is not None
    assert found.muscles["SOL"].numbers() == alone.muscles["SOL"].numbers()
    assert found.muscles["SOL"].echo_intensity_mean is not None


def test_segments_that_do_not_overlap_are_one_map(tmp_path: Path) -> None:
    path = written(tmp_path / "n.seg.nrrd", (SOL & ~GM, "SOL"), (GM, "GM"))
    (only,) = open_label_layers(path)
    assert measure(only).muscles["GM"].volume_cm3 == pytest.approx(GM.sum() * 2 / 1000)


def test_the_report_shows_each_from_its_own_layer(tmp_path: Path) -> None:
    path = written(tmp_path / "o.seg.nrrd", (SOL, "SOL"), (GM, "GM"), (SOL | GM, "group"))
    leg = read_leg(path, None, path, [])
    shown = outlined_slice(10, leg.layers, None, leg.references, None)
    assert list(shown.masks) == ["SOL", "GM", "group"]
    for mask, name in ((SOL, "SOL"), (GM, "GM"), (SOL | GM, "group")):
        assert (shown.masks[name] == mask[10]).all()
        assert (shown.reference_masks[name] == mask[10]).all()
    surfaces = {
        each.surface.name: enclosed_volume_mm3(each.surface.vertices_mm, each.surface.faces)
        for each in muscle_surfaces(leg, ShownSurfaces(leg.layers))
    }
    assert surfaces["SOL"] == pytest.approx(SOL.sum() * 2, rel=1e-3)
    assert main_code("report", path, "--reference", path, "-o", tmp_path / "page.html") == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "1.000" in page
    assert "segments overlap" not in page


def test_convert_takes_each_from_its_own_layer(tmp_path: Path) -> None:
    path = written(tmp_path / "o.seg.nrrd", (SOL, "SOL"), (GM, "GM"), (SOL | GM, "group"))
    assert main_code("convert", path, tmp_path / "kept.seg.nrrd") == 0
    found = measure_layers(open_label_layers(tmp_path / "kept.seg.nrrd")).muscles
    assert found["GM"].volume_cm3 == pytest.approx(GM.sum() * 2 / 1000)
    assert main_code("convert", path, tmp_path / "gm.nrrd", "--labels", "GM") == 0
    assert (open_labels(tmp_path / "gm.nrrd").array == GM).all()
    assert main_code("convert", path, tmp_path / "surfaces") == 0
    (gm,) = (each for each in read_surfaces(tmp_path / "surfaces") if each.name == "GM")
    assert enclosed_volume_mm3(gm.vertices_mm, gm.faces) == pytest.approx(GM.sum() * 2, rel=1e-3)
    with pytest.warns(InputWarning, match="segments overlap"):
        save_layers(open_label_layers(path), tmp_path / "flat.nrrd")


def test_what_3d_slicer_says_of_a_kept_segment_goes_along(tmp_path: Path) -> None:
    header = {"Segment0_LabelValue": "1", "Segment0_Tags": "of SOL", "Segment1_LabelValue": "2", "Segment1_Tags": "of GM"}
    both = LabelMap(np.where(GM, 2, SOL).astype(np.uint8), GRID, {1: "SOL", 2: "GM"}, header=header)
    write_seg_nrrd(SegmentLayers((both,)), tmp_path / "b.seg.nrrd", True)
    assert main_code("convert", tmp_path / "b.seg.nrrd", tmp_path / "gm.seg.nrrd", "--labels", "GM") == 0
    assert open_labels(tmp_path / "gm.seg.nrrd").header["Segment0_Tags"] == "of GM"


def test_names_by_hand_in_compare_and_convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(LabelMap(np.where(GM, 2, SOL).astype(np.uint8), GRID, {}), tmp_path / "unnamed.mha")
    save(LabelMap(np.where(GM, 1, 2 * SOL).astype(np.uint8), GRID, {1: "GM", 2: "SOL"}), tmp_path / "named.nrrd")
    assert main_code("compare", tmp_path / "unnamed.mha", tmp_path / "named.nrrd", "--names", "1=SOL,2=GM", "--json") == 0
    muscles = json.loads(capsys.readouterr().out)["muscles"]
    assert {name: muscles[name]["dice"] for name in muscles} == {"SOL": 1.0, "GM": 1.0}
    assert main_code("compare", tmp_path / "named.nrrd", tmp_path / "named.nrrd", "--names", "1=SOL") == 2
    assert "without one: (none)" in capsys.readouterr().err
    assert main_code("convert", tmp_path / "unnamed.mha", tmp_path / "n.seg.nrrd", "--names", "1=SOL,2=GM") == 0
    assert open_labels(tmp_path / "n.seg.nrrd").names == {1: "SOL", 2: "GM"}
    assert main_code("convert", tmp_path / "unnamed.mha", tmp_path / "m.seg.nrrd", "--names", "7=SOL") == 2


def main_code(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)
