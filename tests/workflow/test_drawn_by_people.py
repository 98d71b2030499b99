"""Drawings as people make them: outlines, slips of the brush, wrong slices, corrections, several files, complete results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.untyped import distance_to_false
from ifssnet.io.open import open_labels
from ifssnet.io.save import save
from ifssnet.propagate.seeding.stray_drawings import look_over
from ifssnet.workflow.files.opener import SeedReading, open_seeds

GRID = Grid((40, 60, 70), (0.8, 0.8, 2.0))
Z, Y, X = np.mgrid[:40, :60, :70].astype(np.float64)
SOL = ((Z - 20) / 19) ** 2 + ((Y - 38) / 14) ** 2 + ((X - 36) / 28) ** 2 < 1
GM = ((Z - 18) / 15) ** 2 + ((Y - 14) / 8) ** 2 + ((X - 28) / 20) ** 2 < 1
TRUTH = np.where(SOL, 1, np.where(GM, 2, 0)).astype(np.uint8)
PLACES = (4, 10, 16, 22, 28, 34)
NAMES = {1: "SOL", 2: "GM"}


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def written(path: Path, array: np.ndarray, names: dict[int, str] | None = None) -> Path:
    save(LabelMap(array, GRID, names or NAMES), path, force=True)
    return path


def few(array: np.ndarray = TRUTH, places: tuple[int, ...] = PLACES) -> np.ndarray:
    return array * np.isin(Z, places).astype(np.uint8)


def outlines(width_px: float = 1.5) -> np.ndarray:
    """A brush along the border of each muscle on each annotated slice."""
    found = np.zeros_like(TRUTH)
    for z in PLACES:
        for label in (1, 2):
            area = TRUTH[z] == label
            found[z][area & (distance_to_false(area, (1.0, 1.0)) <= width_px)] = label
    return found


def dice(path: Path) -> float:
    found = open_labels(path).array
    return 2 * float(((found == 1) & SOL).sum()) / float((found == 1).sum() + SOL.sum())


def said(capsys: pytest.CaptureFixture[str]) -> str:
    out = capsys.readouterr()
    return " ".join((out.out + out.err).split())


def test_outlines_give_the_volume_of_what_they_enclose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seeds, out = written(tmp_path / "o.seg.nrrd", outlines()), tmp_path / "out.nrrd"
    words = ("segment", "--seeds", seeds, "--method", "shape-interpolation", "-o", out, "--force")
    assert run(*words) == 0
    assert "SOL was drawn as an outline on slices 4, 10, 16, 22, 28, 34, which was filled." in said(capsys)
    assert dice(out) > 0.95
    assert run(*words, "--keep-outlines") == 0
    assert "drawn as an outline" not in said(capsys)
    assert dice(out) < 0.6
    assert run(*words, "--json") == 0
    notes = json.loads(capsys.readouterr().out)["findings"]
    assert {note["severity"] for note in notes if "outline" in note["text"]} == {"note"}


def test_a_thick_brush_is_known_by_the_larger_slices(tmp_path: Path) -> None:
    drawn = outlines(4.0)
    seeds = open_seeds(written(tmp_path / "o.seg.nrrd", drawn))
    for label in (1, 2):
        assert all(np.array_equal(seeds.masks[label][z], TRUTH[z] == label) for z in PLACES)
    assert not [each for each in seeds.findings if "holes" in each.text]


def test_a_hole_that_is_kept_is_said(tmp_path: Path) -> None:
    drawn = few()
    hole = ((Y - 38) / 6) ** 2 + ((X - 36) / 9) ** 2 < 1
    drawn[16][hole[16]] = drawn[22][hole[22]] = 0
    seeds = open_seeds(written(tmp_path / "d.seg.nrrd", drawn))
    (found,) = [each for each in seeds.findings if "has holes" in each.text]
    assert (found.severity, found.unit) == ("warning", "mm2")
    assert found.text.startswith("SOL has holes on slices 16, 22, ")
    assert not seeds.masks[1][16][38, 36]
    reading = SeedReading(keep_outlines=True)
    assert not [each for each in open_seeds(tmp_path / "d.seg.nrrd", reading=reading).findings if "has holes" in each.text]


def test_a_gap_is_closed_and_an_open_ring_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = outlines()
    drawn[10][:38, 36:39] = np.where(drawn[10][:38, 36:39] == 1, 0, drawn[10][:38, 36:39])
    drawn[22][:41, 36:][drawn[22][:41, 36:] == 1] = 0
    seeds = open_seeds(written(tmp_path / "o.seg.nrrd", drawn))
    texts = [finding.text for finding in seeds.findings]
    assert any(text.startswith("SOL was drawn") and "Gaps of up to" in text and "slice 10." in text for text in texts)
    (worse,) = [finding for finding in seeds.findings if "cannot be closed" in finding.text or "too wide" in finding.text]
    assert worse.severity == "warning"
    assert "SOL is an open outline on slice 22" in worse.text
    assert abs(int(seeds.masks[1][10].sum()) - int((TRUTH[10] == 1).sum())) < 0.03 * (TRUTH[10] == 1).sum()
    # It is said even where notes are not asked for.
    words = ("--seeds", tmp_path / "o.seg.nrrd", "--method", "shape-interpolation", "-o", tmp_path / "x.nrrd", "-q")
    assert run("segment", *words) == 0
    assert "open outline on slice 22" in said(capsys)


def test_the_page_says_that_outlines_were_filled(tmp_path: Path) -> None:
    seeds, truth = written(tmp_path / "o.seg.nrrd", outlines()), written(tmp_path / "t.seg.nrrd", TRUTH)
    assert run("report", truth, "--seeds", seeds, "-o", tmp_path / "r.html", "-q") == 0
    assert "SOL was drawn as an outline" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_islands_and_wrong_slices_are_named_and_cleaned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = few()
    drawn[16][55:57, 2:4] = 1
    drawn[22][drawn[22] == 2] = 0
    drawn[22][50:58, 55:68][drawn[22][50:58, 55:68] == 0] = 2
    seeds = open_seeds(written(tmp_path / "d.seg.nrrd", drawn))
    by_severity = {finding.text.split()[0]: finding for finding in seeds.findings}
    assert "SOL has 1 stray piece on slice 16, 2.6 mm2 in all" in by_severity["SOL"].text
    assert "GM on slice 22 does not belong between its neighbours" in by_severity["GM"].text
    # Four pixels change no volume; a slice in another place does.
    assert {name: finding.severity for name, finding in by_severity.items()} == {"SOL": "note", "GM": "warning"}
    clean = open_seeds(tmp_path / "d.seg.nrrd", reading=SeedReading(clean=True))
    assert {finding.severity for finding in clean.findings} == {"note"}
    assert 22 not in clean.masks[2]
    assert np.array_equal(clean.masks[1][16], TRUTH[16] == 1)
    words = ("--seeds", tmp_path / "d.seg.nrrd", "--method", "shape-interpolation", "-o", tmp_path / "x.nrrd", "--clean")
    assert run("segment", *words) == 0
    assert "It was left out." in said(capsys)


def test_a_muscle_that_runs_out_within_some_slices_is_silence(tmp_path: Path) -> None:
    """A wide slice, then a tip beside it in another place: ends are drawn so, and no slice between them is wrong."""
    drawn = few()
    drawn[28:] = 0
    drawn[drawn == 2] = 0
    drawn[35:38][:, 30:46, 26:46] = 1
    drawn[39, 30:32, 26:28] = 1
    assert open_seeds(written(tmp_path / "d.seg.nrrd", drawn)).findings == ()


def test_what_belongs_together_is_silence(tmp_path: Path) -> None:
    for places in (PLACES, (4, 5, 6, 18, 19, 20, 32, 33, 34), (3, 12, 20, 28, 36), tuple(range(40))):
        seeds = open_seeds(written(tmp_path / "d.seg.nrrd", few(places=places)))
        assert not [finding for finding in seeds.findings if "complete result" not in finding.text]


@pytest.mark.parametrize("slip", ["too large", "too small", "a click", "elsewhere"])
def test_one_slice_that_cannot_be_meant(tmp_path: Path, slip: str) -> None:
    drawn = few()
    plane = drawn[16]
    plane[plane == 2] = 0
    if slip == "too large":
        plane[:30][plane[:30] == 0] = 2
    elif slip == "too small":
        plane[10:13, 25:29] = 2
    elif slip == "a click":
        plane[14, 28] = 2
    else:
        plane[48:58, 2:20][plane[48:58, 2:20] == 0] = 2
    seeds = open_seeds(written(tmp_path / "d.seg.nrrd", drawn))
    (finding,) = [each for each in seeds.findings if each.text.startswith("GM on slice 16 ")]
    assert (finding.severity, finding.unit) == ("warning", "cm3")
    assert "changes the volume by about" in finding.text


def test_corrections_take_the_place_of_seeds_on_their_slices(tmp_path: Path) -> None:
    wrong = few()
    wrong[16] = np.roll(wrong[16], 3, axis=1)
    fixed = np.where(Z == 16, TRUTH, 0).astype(np.uint8)
    fixed[13] = TRUTH[13]
    paths = [written(tmp_path / f"{name}.seg.nrrd", array) for name, array in (("w", wrong), ("c", fixed))]
    seeds = open_seeds(paths[0], reading=SeedReading(corrections=(paths[1],)))
    for label in (1, 2):
        assert np.array_equal(seeds.masks[label][16], TRUTH[16] == label)
        assert np.array_equal(seeds.masks[label][13], TRUTH[13] == label)
        assert np.array_equal(seeds.masks[label][22], wrong[22] == label)
    assert any("corrections of c.seg.nrrd: slice 16 replaced; slice 13 added" in each.text for each in seeds.findings)


def test_corrections_of_one_muscle_leave_the_others(tmp_path: Path) -> None:
    fixed = np.zeros_like(TRUTH)
    fixed[16][TRUTH[16] == 1], fixed[34][TRUTH[34] == 2] = 1, 2
    paths = [written(tmp_path / f"{name}.seg.nrrd", array) for name, array in (("s", few()), ("c", fixed))]
    seeds = open_seeds(paths[0], reading=SeedReading(corrections=(paths[1],)))
    assert seeds.masks[2][16].any()
    assert seeds.masks[1][34].any()


def test_chosen_slices_say_where_a_muscle_is_absent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited = TRUTH.copy()
    edited[34][edited[34] == 2] = 0
    result = written(tmp_path / "edited.seg.nrrd", edited)
    assert run("seeds", result, "--slices", "16,34-35", "-o", tmp_path / "c.seg.nrrd") == 0
    capsys.readouterr()
    corrections = open_seeds(tmp_path / "c.seg.nrrd")
    assert corrections.slices(1) == corrections.slices(2) == (16, 34, 35)
    seeds = open_seeds(written(tmp_path / "s.seg.nrrd", few()), reading=SeedReading(corrections=(tmp_path / "c.seg.nrrd",)))
    assert not seeds.masks[2][34].any()
    assert run("seeds", result, "--slices", "16,99", "-o", tmp_path / "d.seg.nrrd") == 2
    assert "slice 99" in said(capsys)
    assert run("seeds", result, "--slices", "16", "--every", "3", "-o", tmp_path / "d.seg.nrrd") == 2


def test_a_complete_result_as_seeds_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = written(tmp_path / "result.seg.nrrd", TRUTH)
    words = ("--seeds", result, "--method", "shape-interpolation", "-o", tmp_path / "x.nrrd")
    assert run("segment", *words) == 0
    text = said(capsys)
    assert "result.seg.nrrd is a complete result: SOL, GM drawn on every slice" in text
    assert "--slices" in text


def test_files_of_one_muscle_each_are_joined_as_one_file_would_be(tmp_path: Path) -> None:
    both = open_seeds(written(tmp_path / "both.seg.nrrd", few()))
    sol = written(tmp_path / "sol.nrrd", few() * (few() == 1), {1: "soleus"})
    gm = written(tmp_path / "gm.nrrd", (few() == 2).astype(np.uint8), {1: "GM"})
    seeds = open_seeds([sol, gm])
    names = {seeds.name(label): label for label in seeds.labels}
    assert set(names) == {"soleus", "GM"}
    for name, label in (("soleus", 1), ("GM", 2)):
        assert seeds.slices(names[name]) == both.slices(label)
        for z in both.slices(label):
            assert np.array_equal(seeds.masks[names[name]][z], both.masks[label][z])


def test_files_that_contradict_each_other_are_refused_unless_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = written(tmp_path / "one.seg.nrrd", few())
    other = written(tmp_path / "other.seg.nrrd", np.roll(few(places=(16, 19)), 2, axis=2))
    with pytest.raises(InputError, match=r"SOL on slice 16 drawn otherwise in .*other\.seg\.nrrd"):
        open_seeds([one, other])
    seeds = open_seeds([one, other], reading=SeedReading(conflicts="later"))
    assert np.array_equal(seeds.masks[1][16], np.roll(TRUTH[16] == 1, 2, axis=1))
    assert np.array_equal(seeds.masks[1][22], TRUTH[22] == 1)
    assert run("seeds", one, other, "-o", tmp_path / "m.seg.nrrd", "--later-wins") == 0
    assert "SOL on slice 16 was taken from" in said(capsys)
    assert run("seeds", one, other, "-o", tmp_path / "n.seg.nrrd") == 2
    assert "--later-wins" in said(capsys)
    with pytest.raises(InputError, match="twice"):
        open_seeds([one, one])


def test_seeds_on_other_grids_are_joined_on_the_volumes(tmp_path: Path) -> None:
    one = written(tmp_path / "one.seg.nrrd", few(places=(4, 10)))
    box = Grid((40, 60, 70), (0.8, 0.8, 2.0)).cropped((20, 0, 0), (20, 60, 70))
    save(LabelMap(few(places=(22, 28))[20:], box, NAMES), tmp_path / "two.seg.nrrd")
    seeds = open_seeds([one, tmp_path / "two.seg.nrrd"])
    assert seeds.present(1) == (4, 10, 22, 28)


def test_outlines_on_every_slice_are_a_complete_result(tmp_path: Path) -> None:
    z, y, x = np.mgrid[:60, :60, :60].astype(np.float64)
    bent = np.hypot(y - 30 - 10 * np.sin(z / 12), x - 30 - 8 * np.cos(z / 15)) < 12
    ring = np.stack([plane & (distance_to_false(plane, (1.0, 1.0)) <= 1) for plane in bent])
    save(LabelMap(ring.astype(np.uint8), Grid(ring.shape, (0.8, 0.8, 0.8)), {1: "SOL"}), tmp_path / "o.seg.nrrd")
    seeds = open_seeds(tmp_path / "o.seg.nrrd")
    assert seeds.axes == (0, 1, 2)
    assert all(np.array_equal(seeds.masks[1][place], bent[place]) for place in range(60))
    assert any("is a complete result" in finding.text for finding in seeds.findings)


def test_an_outline_within_an_outline_is_counted_once(tmp_path: Path) -> None:
    inner = np.stack([distance_to_false(TRUTH[z] == 1, (1.0, 1.0)) > 4 for z in range(40)]) & (TRUTH == 1)
    drawn = outlines()
    drawn[drawn == 2] = 0
    for z in PLACES:
        drawn[z][inner[z] & (distance_to_false(inner[z], (1.0, 1.0)) <= 1)] = 2
    seeds = open_seeds(written(tmp_path / "o.seg.nrrd", drawn, {1: "SOL", 2: "core"}))
    assert any(finding.text.startswith("core lies inside the outline of SOL on slices") for finding in seeds.findings)
    for z in (16, 22):
        assert np.array_equal(seeds.masks[2][z], inner[z])
        assert np.array_equal(seeds.masks[1][z], (TRUTH[z] == 1) & ~inner[z])


def test_pinholes_are_counted_and_filled(tmp_path: Path) -> None:
    drawn = few()
    drawn[16][36:39, 34:37] = 0
    drawn[22][36:39, 34:40] = 2  # another muscle is no hole
    (hole,) = open_seeds(written(tmp_path / "d.seg.nrrd", drawn)).findings[:1]
    assert (hole.severity, hole.text.split(",")[0]) == ("note", "SOL has small holes on slice 16")
    drawn[few() == 1] *= (np.random.default_rng(0).random(int((few() == 1).sum())) > 0.02).astype(np.uint8)
    holes = [f for f in open_seeds(written(tmp_path / "d.seg.nrrd", drawn)).findings if "small holes" in f.text]
    assert [each.severity for each in holes] == ["warning"]
    clean = open_seeds(tmp_path / "d.seg.nrrd", reading=SeedReading(clean=True))
    assert int(clean.masks[1][10].sum()) > 0.995 * int((TRUTH[10] == 1).sum())
    assert not clean.masks[1][22][37, 36]


def test_a_click_far_beyond_a_muscle_is_named_and_cleaned(tmp_path: Path) -> None:
    drawn = few(places=(4, 8, 12, 16, 20))
    drawn[drawn == 2] = 0
    drawn[39, 30:32, 30:32] = 1
    (speck,) = open_seeds(written(tmp_path / "d.seg.nrrd", drawn)).findings
    assert speck.severity == "warning"
    assert "SOL on slice 39 is a speck of 2.6 mm2 far from all that is drawn of it" in speck.text
    assert 39 not in open_seeds(tmp_path / "d.seg.nrrd", reading=SeedReading(clean=True)).masks[1]


def test_ends_that_count_as_absent_because_others_are_drawn_there(tmp_path: Path) -> None:
    drawn = few()
    drawn[:22][drawn[:22] == 2] = 0
    texts = [finding.text for finding in open_seeds(written(tmp_path / "d.seg.nrrd", drawn)).findings]
    area = (TRUTH[22] == 2).sum() * 0.64 / 100
    assert texts == [
        f"GM still has {area:.3g} cm2 on slice 22, the outermost on which it was drawn, and counts as absent on slice 16, "
        f"where others are drawn: up to {area * 1.2:.2g} cm3 hang on where it ends."
    ]
    drawn[28:][drawn[28:] == 2] = 0
    (only,) = [finding.text for finding in open_seeds(written(tmp_path / "d.seg.nrrd", drawn)).findings]
    assert only.startswith("GM was drawn at one place only, slice 22, and counts as absent on slices 16, 28,")
    assert only.endswith(f"up to {area * 2.4:.2g} cm3 hang on it.")


def test_a_segment_of_the_whole_group_over_a_muscle_is_named(tmp_path: Path) -> None:
    only_sol = {1: {z: TRUTH[z] == 1 for z in PLACES}}
    seeds = Seeds({**only_sol, 2: {z: TRUTH[z] > 0 for z in PLACES}}, GRID, {1: "SOL", 2: "triceps"})
    (found,) = [each for each in look_over(seeds).findings if "was drawn over" in each.text]
    assert (found.severity, found.figure) == ("warning", 1.0)
    assert found.text.startswith("triceps was drawn over 100 % of SOL.")
    beside = Seeds({**only_sol, 2: {z: np.roll(TRUTH[z] == 2, 1, axis=0) for z in PLACES}}, GRID, {1: "SOL", 2: "GM"})
    assert not [each for each in look_over(beside).findings if "was drawn over" in each.text]


def test_two_labels_that_are_one_muscle_are_named_before_the_work(tmp_path: Path) -> None:
    for names, said in (({1: "SOL", 2: "soleus"}, 1), ({1: "SOL", 2: "SOL"}, 1), ({1: "SOL_L", 2: "SOL_R"}, 0)):
        seeds = open_seeds(written(tmp_path / "d.seg.nrrd", few(), names))
        assert sum("are both SOL" in each.text for each in seeds.findings) == said
