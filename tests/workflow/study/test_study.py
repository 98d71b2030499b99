"""A whole study of small calves: true volumes, what is missing and what failed, the same bytes after an interruption."""

from __future__ import annotations

import csv
import json
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from calves import GRID, add, calves, truth

from ifssnet.cli.main import main
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.progress import drain
from ifssnet.core.results.study import StudyCase, StudyResults
from ifssnet.figures.study_report.charts import volumes_words
from ifssnet.io.open import open_labels
from ifssnet.io.save import save
from ifssnet.workflow.study.run import compounding_options
from ifssnet.workflow.study.study import StudyOptions, run_study
from ifssnet.workflow.study.study_file import CompoundingSettings
from ifssnet.workflow.study.template import StudyGrid, init_study

HERE = StudyOptions(workers=0)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = calves(tmp_path_factory.mktemp("study") / "calves")
    init_study(folder, StudyGrid(), method="shape-interpolation")
    (folder / "P02" / "left" / "before" / "CD.seg.nrrd").write_text("torn", encoding="utf-8")
    (folder / "P02" / "left" / "after" / "leg.mha").unlink()
    table = folder / "legs.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    sexes = ["sex", *("f" if line.startswith("P01") else "m" for line in lines[1:])]
    table.write_text("\n".join(f"{line},{sex}" for line, sex in zip(lines, sexes, strict=True)) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def results(study: Path) -> StudyResults:
    return drain(run_study(study, study.parent / "results", StudyOptions(workers=0, bids=True)))


def rows_of(study: Path, table: str) -> list[dict[str, str]]:
    with (study.parent / "results" / "tables" / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_tidy_table_has_the_volumes_that_are_known(study: Path, results: StudyResults) -> None:
    rows = [
        row for row in rows_of(study, "muscles") if (row["subject"], row["side"], row["visit"]) == ("P01", "left", "before")
    ]
    assert [(row["rater"], row["muscle"], row["sex"]) for row in rows] == [
        ("AB", "SOL", "f"),
        ("CD", "SOL", "f"),
        ("AB", "GM", "f"),
        ("CD", "GM", "f"),
    ]
    known = int((truth(9.4).array == 1).sum()) * GRID.voxel_volume_mm3 / 1000
    assert float(rows[0]["volume_cm3"]) == pytest.approx(known, rel=0.03)
    slices = [row for row in rows_of(study, "cross-sections") if (row["subject"], row["muscle"]) == ("P01", "SOL")]
    area = sum(
        float(row["acsa_cm2"]) for row in slices if (row["side"], row["visit"], row["rater"]) == ("left", "before", "AB")
    )
    assert area * 0.2 == pytest.approx(float(rows[0]["volume_cm3"]), rel=1e-3)


def test_missing_and_failed_measurements_are_listed_and_the_others_made(study: Path, results: StudyResults) -> None:
    rows = {(row["subject"], row["side"], row["visit"], row["rater"]): row for row in rows_of(study, "measurements")}
    assert len(rows) == 16
    failed, gone, never = (
        rows["P02", *rest] for rest in (("left", "before", "CD"), ("left", "after", "AB"), ("right", "after", "CD"))
    )
    assert failed["status"] == "failed"
    assert "CD.seg.nrrd" in failed["reason"]
    assert gone["status"] == never["status"] == "missing"
    assert sum(row["status"] == "done" for row in rows.values()) == 9
    page = (study.parent / "results" / "report.html").read_text(encoding="utf-8")
    assert page.count('<td data-head="status">') == 7
    assert "Failed: 1 of 16" in results.findings[0].text


def test_lines_are_spoken_of_only_where_there_are_any(results: StudyResults) -> None:
    assert "lines join one person" in volumes_words(results)
    once = replace(results, design=replace(results.design, sides=("left",), visits=("before",)))
    assert "lines" not in volumes_words(once)


def test_a_change_is_held_against_the_laboratorys_own_detectable_change(study: Path, results: StudyResults) -> None:
    rows = [row for row in rows_of(study, "comparisons") if row["quantity"] == "volume_cm3" and row["muscle"] == "SOL"]
    grown = [row for row in rows if (row["kind"], row["subject"], row["side"], row["rater"]) == ("visits", "P01", "left", "AB")]
    (detectable,) = [each for each in results.detectable if (each.quantity, each.muscle) == ("volume_cm3", "SOL")]
    assert detectable.source == "raters"
    assert float(grown[0]["mdc"]) == pytest.approx(detectable.value)
    assert grown[0]["exceeds_mdc"] == "True"


def test_the_paragraph_says_what_a_methods_section_has_to(results: StudyResults) -> None:
    words = (
        "shape-interpolation",
        "ifssnet 0",
        "smoothing = auto",
        "on 4 slices",
        "AB and CD",
        "ICC(2,1)",
        "95 %",
        "1x1x2 mm",
        "doi:",
    )
    assert [word for word in words if word not in results.paragraph] == []
    assert len(results.paragraph) < 2600


def files_of(folder: Path) -> dict[str, bytes]:
    """Everything but the provenance of single legs, which says when they were segmented."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".seg.nrrd.json")
    }


def test_a_study_that_was_stopped_goes_on_and_ends_in_the_same_bytes(
    study: Path, results: StudyResults, tmp_path: Path
) -> None:
    pytest.importorskip("xlsxwriter")
    work = run_study(study, tmp_path / "again", StudyOptions(workers=0, bids=True))
    next(step for step in work if (step.stage, step.done) == ("legs", 4))
    work.close()
    first = tmp_path / "again" / "legs" / "P01_left_before" / "AB.seg.nrrd"
    made = first.stat().st_mtime_ns
    again = drain(run_study(study, tmp_path / "again", StudyOptions(workers=0, bids=True)))
    assert again == results
    assert first.stat().st_mtime_ns == made
    before, after = (files_of(folder) for folder in (study.parent / "results", tmp_path / "again"))
    assert "study.xlsx" in after
    assert [name for name in before | after if before.get(name) != after.get(name)] == []


def test_a_drawing_that_was_corrected_is_measured_again_and_no_other(tmp_path: Path) -> None:
    for rater in ("AB", "CD"):
        add(tmp_path / "calves" / "P01", rater, 9.0)
    init_study(tmp_path / "calves", StudyGrid(), method="shape-interpolation")
    before = drain(run_study(tmp_path / "calves", tmp_path / "out", HERE))
    add(tmp_path / "other", "CD", 10.5)
    shutil.copy(tmp_path / "other" / "CD.seg.nrrd", tmp_path / "calves" / "P01" / "CD.seg.nrrd")
    times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "legs" / "P01").iterdir()}
    after = drain(run_study(tmp_path / "calves", tmp_path / "out", HERE))
    changed = [
        path.name for path in (tmp_path / "out" / "legs" / "P01").iterdir() if times[path.name] != path.stat().st_mtime_ns
    ]
    assert sorted(changed) == ["CD.measured.json", "CD.seg.nrrd", "CD.seg.nrrd.json"]
    assert before.measured[0] == after.measured[0]
    assert before.measured[1].numbers["volume_cm3"] < after.measured[1].numbers["volume_cm3"]


def test_the_workbook_has_a_sheet_for_each_table(study: Path, results: StudyResults) -> None:
    pytest.importorskip("xlsxwriter")
    with zipfile.ZipFile(study.parent / "results" / "study.xlsx") as book:
        names = re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
        cells = book.read("xl/worksheets/sheet1.xml").decode()
    assert names[:3] == ["muscles", "cross-sections", "measurements"]
    assert cells.count("<row ") == 1 + len(results.measured)


def test_the_derivatives_have_the_names_of_bids(study: Path, results: StudyResults) -> None:
    folder = study.parent / "results" / "derivatives"
    stem = "sub-P01_ses-before_hemi-L_desc-AB"
    here = folder / "sub-P01" / "ses-before" / "us"
    assert open_labels(here / f"{stem}_dseg.nii.gz").names == {1: "SOL", 2: "GM"}
    assert (here / f"{stem}_dseg.tsv").read_text(encoding="utf-8").splitlines() == ["index\tname", "1\tSOL", "2\tGM"]
    assert json.loads((folder / "dataset_description.json").read_text(encoding="utf-8"))["DatasetType"] == "derivative"
    assert (folder / "participants.tsv").read_text(encoding="utf-8").split() == ["participant_id", "sub-P01", "sub-P02"]


def test_a_finished_segmentation_is_measured_as_it_is(study: Path, results: StudyResults, tmp_path: Path) -> None:
    labels = study.parent / "results" / "legs" / "P01_left_before" / "AB.seg.nrrd"
    (tmp_path / "study.toml").write_text(f'[[legs]]\nsubject = "P01"\nsegmentation = "{labels.as_posix()}"\n', encoding="utf-8")
    found = drain(run_study(tmp_path, tmp_path / "out", HERE))
    assert found.measured[0].numbers["volume_cm3"] == results.measured[0].numbers["volume_cm3"]
    assert (found.outcomes[0].method, found.facts.methods) == ("", {})


def test_both_legs_in_one_scan_are_two_sides(tmp_path: Path) -> None:
    array = np.zeros((4, 8, 16), dtype=np.uint8)
    array[:, 2:6, 2:6], array[:, 2:6, 10:13] = 1, 2
    save(LabelMap(array, Grid(array.shape, (1.0, 1.0, 1.0)), {1: "soleus left", 2: "SOL_R"}), tmp_path / "both.seg.nrrd")
    (tmp_path / "legs.csv").write_text("subject,segmentation,sex\nP01,both.seg.nrrd,f\n", encoding="utf-8")
    (tmp_path / "study.toml").write_text('table = "legs.csv"\n', encoding="utf-8")
    found = drain(run_study(tmp_path, tmp_path / "out", StudyOptions(workers=0, bids=True)))
    assert [(each.muscle, each.case.side) for each in found.measured] == [("SOL", "left"), ("SOL", "right")]
    (volume, *_) = [each for each in found.comparisons if each.kind == "sides"]
    assert (volume.first, volume.second) == (pytest.approx(0.064), pytest.approx(0.048))
    with (tmp_path / "out" / "tables" / "muscles.csv").open(encoding="utf-8", newline="") as stream:
        assert [(row["side"], row["sex"]) for row in csv.DictReader(stream)] == [("left", "f"), ("right", "f")]
    (morph,) = (tmp_path / "out" / "derivatives").rglob("*_morph.tsv")
    assert [line.split("\t")[0] for line in morph.read_text(encoding="utf-8").splitlines()[1:]] == ["SOL left", "SOL right"]


def test_a_muscle_that_one_leg_lacks_is_named(tmp_path: Path) -> None:
    array = np.zeros((4, 8, 16), dtype=np.uint8)
    array[:, 2:6, 2:6] = 1
    grid = Grid(array.shape, (1.0, 1.0, 1.0))
    save(LabelMap(array, grid, {1: "SOL"}), tmp_path / "after.seg.nrrd")
    array = array.copy()
    array[:, 2:6, 10:13] = 2
    save(LabelMap(array, grid, {1: "SOL", 2: "GM"}), tmp_path / "before.seg.nrrd")
    lines = [f"P0{person},{visit},{visit}.seg.nrrd" for person in (1, 2) for visit in ("before", "after")]
    (tmp_path / "legs.csv").write_text("\n".join(["subject,visit,segmentation", *lines]), encoding="utf-8")
    (tmp_path / "study.toml").write_text('table = "legs.csv"\nbefore = "before"\nafter = "after"\n', encoding="utf-8")
    found = drain(run_study(tmp_path, tmp_path / "out", StudyOptions(workers=0)))
    said = [each for each in found.findings if " is not in " in each.text]
    assert [each.text for each in said] == ["GM is not in 2 of 4 measured legs (P01 after, P02 after)."]
    assert not any(each.muscle == "GM" for each in found.comparisons)


def test_a_folder_with_other_files_is_not_filled(study: Path, results: StudyResults, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="earlier results of a study"):
        drain(run_study(study, tmp_path, HERE))
    other = calves(tmp_path / "others")
    with pytest.raises(InputError, match="results of others"):
        drain(run_study(other, study.parent / "results", HERE))


def test_holes_are_filled_as_the_file_says() -> None:
    assert compounding_options(CompoundingSettings()) == {}
    found = compounding_options(CompoundingSettings(fill="distance", fill_mm=3.0, spacing_mm=0.5))
    assert (found["spacing_mm"], found["holes"][0].limit_mm) == (0.5, 3.0)
    assert compounding_options(CompoundingSettings(fill="none")) == {"holes": ()}


def test_the_command_runs_a_study_and_init_makes_one(
    study: Path, results: StudyResults, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(study.parent / "results", tmp_path / "results")
    # One measurement of it failed; all others are there.
    with pytest.raises(SystemExit, match="1"):
        main(["study", str(study), "-o", str(tmp_path / "results"), "--workers", "0"])
    told = capsys.readouterr()
    assert "failed: P02 left before CD: " in told.err
    assert "ICC(2,1)" in told.out
    assert "Missing: 6 of 16" in told.err
    with pytest.raises(SystemExit, match="0"):
        main(["study", "init", str(tmp_path / "new"), "--subjects", "P01", "--raters", "AB,CD"])
    assert "2 measurements planned" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["study", str(tmp_path / "none"), "-o", str(tmp_path / "out")])


def test_the_recording_of_a_measurement_names_its_folder() -> None:
    case = StudyCase("P01", "left", "before", "AB")
    assert (case.recording, case.name) == ("P01_left_before", "P01 left before AB")
    assert replace(case, side="", visit="").recording == "P01"
