"""What a study consists of: read from a folder or a file; refused where two readings are possible."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from calves import add

from ifssnet.core.errors import InputError
from ifssnet.core.results.study import StudyCase
from ifssnet.workflow.study.plan import absent_cases, read_study
from ifssnet.workflow.study.template import StudyGrid, init_study


def empty(folder: Path, *names: str) -> Path:
    """Files that only have a name and the first bytes of their kind."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"NRRD0004\n" if name.endswith("nrrd") else b"ObjectType = Image\n")
    return folder


def cases_of(source: Path) -> list[tuple[str, str, str, str]]:
    return [(each.case.subject, each.case.side, each.case.visit, each.case.rater) for each in read_study(source).cases]


def test_a_folder_says_whose_legs_lie_in_it(tmp_path: Path) -> None:
    legs = [
        f"P01/{side}/{visit}/{name}"
        for side in ("left", "R")
        for visit in ("pre", "post")
        for name in ("AB.seg.nrrd", "leg.mha")
    ]
    study = read_study(empty(tmp_path, *legs))
    assert [each.case for each in study.cases] == [
        StudyCase("P01", side, visit, "AB") for side in ("left", "right") for visit in ("pre", "post")
    ]
    assert (study.design.before, study.design.after) == ("pre", "post")
    assert all(each.volume is not None and each.seeds and not each.missing for each in study.cases)


def test_folders_of_bids_count_as_well(tmp_path: Path) -> None:
    empty(
        tmp_path,
        "sub-01/ses-1/hemi-L/seeds.seg.nrrd",
        "sub-01/ses-1/hemi-L/leg.mha",
        "results/study.json",
        "results/legs/x.mha",
    )
    assert cases_of(tmp_path) == [("01", "left", "1", "")]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("P01/a.mha", "P01/b.mha", "P01/AB.seg.nrrd"), "one volume"),
        (("P01_left/a.mha",), "a folder for each side"),
        (("left/a.mha",), "a folder for each subject"),
        (("P01/pre/x/a.mha",), "one visit"),
        (("notes.txt",), "study.toml"),
        (("P01/left/pre/deep/a.mha",), "folders of subject"),
    ],
)
def test_a_folder_that_could_be_read_in_two_ways_is_refused(tmp_path: Path, files: tuple[str, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_study(empty(tmp_path, *files))


def write_study(folder: Path, legs: str, settings: str = "") -> Path:
    (folder / "legs.csv").write_text(legs, encoding="utf-8")
    (folder / "study.toml").write_text(f'table = "legs.csv"\n{settings}', encoding="utf-8")
    return folder


def test_a_spreadsheet_lists_the_legs_with_covariates_patterns_and_several_files(tmp_path: Path) -> None:
    empty(tmp_path, "a/sweep1.igs.mha", "a/sweep2.igs.mha", "a/one.seg.nrrd", "a/two.seg.nrrd")
    line = "7;L;before;AB;a/sweep?.igs.mha;a/one.seg.nrrd | a/two.seg.nrrd;f;71,5"
    write_study(tmp_path, f"Subject;side;visit;rater;sweeps;seeds;sex;weight\n{line}\n")
    (found,) = read_study(tmp_path).cases
    assert found.case == StudyCase("7", "left", "before", "AB")
    assert [path.name for path in found.sweeps] == ["sweep1.igs.mha", "sweep2.igs.mha"]
    assert [path.name for path in found.seeds] == ["one.seg.nrrd", "two.seg.nrrd"]
    assert found.covariates == {"sex": "f", "weight": "71.5"}


def test_what_is_not_there_is_missing_and_no_error(tmp_path: Path) -> None:
    empty(tmp_path, "leg.mha")
    legs = "subject,rater,volume,seeds\nP01,AB,leg.mha,ab.seg.nrrd\nP02,AB,leg.mha,\nP02,CD,leg.mha,leg.mha\n"
    study = read_study(write_study(tmp_path, legs))
    assert [each.missing for each in study.cases] == [
        "not there: ab.seg.nrrd",
        "not there: seeds: nothing was drawn yet",
        "",
    ]
    assert [each.case for each in absent_cases(study)] == [StudyCase("P01", rater="CD")]


def test_a_line_without_a_rater_stands_for_every_rater(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, "subject,rater\nP01,AB\nP02,\nP03,CD\n"))
    assert [each.case for each in absent_cases(study)] == [StudyCase("P01", rater="CD"), StudyCase("P03", rater="AB")]


@pytest.mark.parametrize(
    ("legs", "settings", "words"),
    [
        ("subject,side\nP01,up\n", "", "left or right"),
        ("subject,rater\nP01,AB\nP01,ab\n", "", "one line for each"),
        ("subject,visit,seeds\nP01,after,a\nP02,After,b\n", "", "one spelling of each visit; got 'after' and 'After'"),
        ("subject,rater\nP01,AB\nP02,ab\n", "", "one spelling of each rater"),
        ("subject,side\np01,left\nP01,right\n", "", "one spelling of each subject"),
        ("subject,visit\nP01,pre\nP01,post\n", 'before = "Pre"\nafter = "post"\n', "one spelling of each visit"),
        ("subject,visit\nA_b,c\nA,b_c\n", "", "stay apart"),
        ("subject\n../x\n", "", "names of letters"),
        ("subject,volume,sweeps\nP01,a.mha,b.mha\n", "", "volume or sweeps"),
        ("subject,volume,grid\nP01,a.mha,b.mha\n", "", "with a grid"),
        ("subject,seeds,segmentation\nP01,a.mha,b.mha\n", "", "finished segmentation"),
        ("subject,visit\nP01,pre\n", 'before = "pre"\n', "before and after"),
        ("subject,visit\nP01,pre\n", 'before = "pre"\nafter = "post"\n', "a visit out of pre"),
        ("subject\nP01\n", "confidence = 95.0\n", "confidence"),
        ("subject\nP01\n", "[mdc_cm3]\nSOL = -1.0\n", "above 0 cm3"),
        ("subject\nP01\n", '[method]\nnmae = "guided"\n', "nmae"),
        ("subject\nP01\n", "[compounding]\nfill_mm = 3.0\n", "fill_mm"),
        ("person\nP01\n", "", "subject"),
    ],
)
def test_a_file_that_says_something_impossible_is_refused(tmp_path: Path, legs: str, settings: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_study(write_study(tmp_path, legs, settings))


def test_init_lists_what_lies_in_a_folder_and_the_list_reads_back_the_same(tmp_path: Path) -> None:
    add(tmp_path / "P01" / "left", "AB", 9.0)
    before = cases_of(tmp_path)
    made = init_study(tmp_path, StudyGrid())
    assert (made.legs, made.found) == (1, True)
    assert cases_of(tmp_path) == before == [("P01", "left", "", "AB")]


def test_init_plans_the_persons_that_are_named(tmp_path: Path) -> None:
    grid = StudyGrid(("P01", "P02"), ("left", "right"), ("before", "after"), ("AB", "CD"))
    assert init_study(tmp_path / "new", grid, method="shape-interpolation").legs == 16
    study = read_study(tmp_path / "new" / "study.toml")
    assert len(study.cases) == 16
    assert (study.file.method.name, study.design.before, study.design.after) == ("shape-interpolation", "before", "after")
    assert study.cases[0].missing == "not there: P01/left/before/AB.seg.nrrd, P01/left/before/leg.mha"


@pytest.mark.parametrize(
    "call", [lambda at: init_study(at, StudyGrid(sides=("left",))), lambda at: read_study(at / "none.toml")]
)
def test_a_plan_without_persons_and_a_study_that_is_not_there_are_refused(
    tmp_path: Path, call: Callable[[Path], object]
) -> None:
    with pytest.raises(InputError):
        call(tmp_path)
