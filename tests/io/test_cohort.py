from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifssnet.core.cohort import Case, Cohort
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.cohorts import leg_3d_us as leg3dus
from ifssnet.io.cohorts.cohort_folder import open_cohort


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_leg_3d_us_as_published(tmp_path: Path) -> None:
    touch(tmp_path, "train/P02/x2.mha", "train/P02/masksX2.mha", "train/P01/x10.mha", "train/P01/masksX10.mha")
    touch(tmp_path, "val/P03/x3.mha", "test/P04/masksX4.mha", "test/P04/notes.txt", "test/P04/.x5.mha", ".h/train/P09/x9.mha")
    cohort = open_cohort(tmp_path)
    assert cohort.name == leg3dus.NAME
    assert dict(cohort.label_names) == {100: "SOL", 150: "GM", 200: "GL"}
    assert (cohort.licence, cohort.citation) == (leg3dus.LICENCE, leg3dus.CITATION)
    assert any("10 %" in note for note in cohort.notes)
    assert [(case.split, case.name, case.patient, case.acquisition) for case in cohort.cases] == [
        ("train", "P01_x10", "P01", "r1"),
        ("train", "P02_x2", "P02", "r1"),
        ("val", "P03_x3", "P03", "r1"),
        ("test", "P04_x4", "P04", "r1"),
    ]
    assert cohort.cases[0].volume_path == tmp_path / "train/P01/x10.mha"
    assert cohort.cases[0].labels_path == tmp_path / "train/P01/masksX10.mha"
    assert [case.complete for case in cohort.cases] == [True, True, False, False]
    assert (cohort.cases[2].labels_path, cohort.cases[3].volume_path) == (None, None)
    assert cohort.splits == ("train", "val", "test")
    assert cohort.of_split("val") == cohort.cases[2:3]


def test_wrapping_folders_and_a_single_split(tmp_path: Path) -> None:
    touch(tmp_path, "leg_train_data/train/P01/x1.mha", "leg_validation_data/P02/x2.mha", "data/Validation/P03/x3.mha")
    assert [(case.split, case.patient) for case in open_cohort(tmp_path).cases] == [
        ("train", "P01"),
        ("val", "P02"),
        ("val", "P03"),
    ]
    assert [case.split for case in open_cohort(tmp_path / "leg_validation_data").cases] == ["val"]


def test_several_recordings_of_a_patient_have_names_of_their_own(tmp_path: Path) -> None:
    touch(tmp_path, "test/P01/x2.mha", "test/P01/x10.mha")
    assert [case.name for case in open_cohort(tmp_path).cases] == ["P01_x2", "P01_x10"]


def test_person_in_two_splits_is_warned_of(tmp_path: Path) -> None:
    touch(tmp_path, "train/P01/x1.mha", "test/P01/x2.mha", "test/P02/x3.mha")
    with pytest.warns(InputWarning, match="P01 in more than one split"):
        assert open_cohort(tmp_path).shared_patients == ("P01",)


def test_two_files_for_one_place_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "val/P01/x1.mha", "validation/P01/x1.mha")
    with pytest.raises(InputError, match="validation"):
        open_cohort(tmp_path)


def test_described_cohort_of_somebody_else(tmp_path: Path) -> None:
    touch(tmp_path, "train/P01/x1.mha", "train/P01/masksX1.mha", "train/P01/x2.mha")
    (tmp_path / "cohort.toml").write_text(
        'name = "digital legs"\nlicence = "CC0"\ncitation = ["one", "two"]\nnotes = "noise of 1 mm"\nacquisition = "r1"\n'
        '[labels]\n1 = "SOL"\n2 = "GM"\n[acquisitions]\nP01_x2 = "r2"\n',
        encoding="utf-8",
    )
    cohort = open_cohort(tmp_path)
    assert (cohort.name, cohort.licence, cohort.citation, cohort.notes) == (
        "digital legs",
        "CC0",
        ("one", "two"),
        ("noise of 1 mm",),
    )
    assert dict(cohort.label_names) == {1: "SOL", 2: "GM"}
    assert [case.acquisition for case in cohort.cases] == ["r1", "r2"]


def test_short_description_claims_nothing_of_leg_3d_us(tmp_path: Path) -> None:
    touch(tmp_path, "train/P01/x1.mha", "cohort.toml")
    cohort = open_cohort(tmp_path)
    assert (cohort.name, cohort.licence, cohort.citation, cohort.notes) == (tmp_path.name, "", (), ())
    assert cohort.cases[0].acquisition == ""


@pytest.mark.parametrize(
    "text",
    [
        "name = 5",
        "name = ",
        "labels = 3",
        "[labels]\nSOL = 1",
        '[labels]\n0 = "SOL"',
        "[labels]\n1 = 2",
        "notes = [1]",
        "\xff\x00",
    ],
)
def test_broken_descriptions_are_refused_with_their_name(tmp_path: Path, text: str) -> None:
    touch(tmp_path, "train/P01/x1.mha")
    (tmp_path / "cohort.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"cohort\.toml"):
        open_cohort(tmp_path)


def test_nnunet_folder(tmp_path: Path) -> None:
    touch(tmp_path, "imagesTr/A_0000.nii.gz", "imagesTr/A_0001.nii.gz", "labelsTr/A.nii.gz", "imagesTs/B_0000.nii.gz")
    (tmp_path / "dataset.json").write_text(
        json.dumps({"name": "legs", "labels": {"background": 0, "soleus": 1, "GM": 2}, "licence": "CC0", "reference": "me"}),
        encoding="utf-8",
    )
    cohort = open_cohort(tmp_path)
    assert (cohort.name, cohort.licence, cohort.citation) == ("legs", "CC0", ("me",))
    assert dict(cohort.label_names) == {1: "SOL", 2: "GM"}
    assert [(case.split, case.name) for case in cohort.cases] == [("train", "A"), ("test", "B")]
    assert cohort.cases[0].volume_path == tmp_path / "imagesTr/A_0000.nii.gz"
    assert cohort.cases[0].labels_path == tmp_path / "labelsTr/A.nii.gz"
    (tmp_path / "dataset.json").write_text('{"labels": {"0": "background", "3": "soleus"}}', encoding="utf-8")
    assert dict(open_cohort(tmp_path).label_names) == {3: "SOL"}


@pytest.mark.parametrize("text", ["{", "[]", '{"labels": 5}', '{"labels": {"SOL": [1, 2]}}', '{"labels": {"SOL": true}}'])
def test_broken_nnunet_descriptions_are_refused(tmp_path: Path, text: str) -> None:
    touch(tmp_path, "imagesTr/A_0000.nii.gz")
    (tmp_path / "dataset.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"dataset\.json"):
        open_cohort(tmp_path)


def test_folder_without_cases_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ifss dataset leg-3d-us .* --download"):
        open_cohort(tmp_path)
    with pytest.raises(InputError, match="no folder"):
        open_cohort(tmp_path / "nowhere")


@pytest.mark.posix
def test_loop_of_links_ends(tmp_path: Path) -> None:
    touch(tmp_path, "train/P01/x1.mha")
    (tmp_path / "loop").symlink_to(tmp_path)
    with pytest.raises(InputError, match="one file"):  # the same case again by another way
        open_cohort(tmp_path)


def test_names_of_cases_are_unique_in_a_split() -> None:
    case = Case("A", "train", None, None)
    with pytest.raises(InputError, match="'A' in train"):
        Cohort("legs", Path(), (case, case), {})
    with pytest.raises(InputError, match="split"):
        Case("A", "elsewhere", None, None)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["cohort.toml", "dataset.json"]))
def test_any_description_raises_only_input_errors(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    root = tmp_path_factory.mktemp("described")
    touch(root, "train/P01/x1.mha", "imagesTr/A_0000.nii")
    (root / name).write_bytes(data)
    with contextlib.suppress(InputError):
        open_cohort(root)
