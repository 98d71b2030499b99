"""Labels from few drawn slices: no more of the truth is used than those, and nothing of the cohort is changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.open import open_labels
from ifssnet.io.save import save
from ifssnet.train.data.budget import AnnotationBudget
from ifssnet.workflow.evaluation.compared_methods import ComparedMethod
from ifssnet.workflow.training.pseudo_label_cohort import RECORD, PseudoLabelling, pseudo_label

NAMES = {100: "SOL", 150: "GM"}
FEW = PseudoLabelling(ComparedMethod("guided", "guided"), AnnotationBudget("constant", constant=9, leg_slices=36), workers=0)


def cone(slices: int = 40) -> np.ndarray:
    """SOL grows by half a pixel a slice, GM is a block; both end inside the volume."""
    array = np.zeros((slices, 40, 48), dtype=np.uint8)
    for z in range(2, slices - 2):
        side = 6 + z // 2
        array[z, 2 : 2 + side, 2 : 2 + side] = 100
    array[3:30, 30:38, 36:44] = 150
    return array


def write(root: Path, split: str, patient: str, array: np.ndarray) -> Path:
    place = root / split / patient
    place.mkdir(parents=True)
    grid = Grid(array.shape, (1.0, 1.0, 2.0))
    save(Volume(np.where(array > 0, 150, 40).astype(np.uint8), grid), place / "x1.mha")
    save(LabelMap(array, grid, NAMES), place / "masksX1.mha")
    return place


@pytest.fixture
def legs(tmp_path: Path) -> Path:
    root = tmp_path / "legs"
    for split, patient in (("train", "P1"), ("train", "P2"), ("val", "P3"), ("test", "P4")):
        write(root, split, patient, cone())
    (root / "cohort.toml").write_text(
        'name = "cones"\nnotes = ["Not people."]\n[labels]\n100 = "SOL"\n150 = "GM"\n[acquisitions]\nP2_x1 = "r1"\n',
        encoding="utf-8",
    )
    return root


def labels(root: Path, split: str = "train", patient: str = "P1") -> np.ndarray:
    return open_labels(root / split / patient / "masksX1.mha").array


def test_training_labels_are_the_experts_on_drawn_slices_and_the_methods_elsewhere(legs: Path, tmp_path: Path):
    told = drain(pseudo_label(legs, tmp_path / "few", FEW))
    drawn = told.legs["P1_x1"].drawn
    # Three threes on SOL's 36 slices, and the empty ones beside its ends; the same share of GM's 27, two threes.
    assert drawn["SOL"] == (1, 2, 3, 4, 19, 20, 21, 35, 36, 37, 38)
    assert drawn["GM"] == (2, 3, 4, 5, 27, 28, 29, 30)
    assert told.drawn == 2 * (9 + 6)
    assert told.drawn_share == pytest.approx(30 / (2 * (36 + 27)))
    assert (labels(tmp_path / "few") == cone())[list(drawn["SOL"])].all()
    assert 0.9 < told.legs["P1_x1"].dice["SOL"] < 1
    assert (labels(tmp_path / "few") != cone()).any()
    for split, patient in (("val", "P3"), ("test", "P4")):
        assert (labels(tmp_path / "few", split, patient) == cone()).all()
    assert (labels(legs) == cone()).all()
    assert json.loads((tmp_path / "few" / RECORD).read_text(encoding="utf-8"))["budget"]["constant"] == 9


def test_no_other_slice_of_the_truth_is_looked_at(legs: Path, tmp_path: Path):
    drain(pseudo_label(legs, tmp_path / "few", FEW))
    lying = cone()
    drawn = json.loads((tmp_path / "few" / RECORD).read_text(encoding="utf-8"))["legs"]["P1_x1"]["drawn"]
    for value, name in NAMES.items():
        inside = [z for z in range(min(drawn[name]) + 1, max(drawn[name])) if z not in drawn[name]]
        lying[inside, 12:20, 30:34] = value
    shutil.rmtree(legs / "train" / "P1")
    write(legs, "train", "P1", lying)
    drain(pseudo_label(legs, tmp_path / "again", FEW))
    assert (labels(tmp_path / "again") == labels(tmp_path / "few")).all()


def test_the_new_cohort_says_what_its_labels_are(legs: Path, tmp_path: Path):
    drain(pseudo_label(legs, tmp_path / "few", FEW))
    before, after = open_cohort(legs), open_cohort(tmp_path / "few")
    assert [case.name for case in after.cases] == [case.name for case in before.cases]
    assert after.label_names == before.label_names
    assert after.of_split("train")[1].acquisition == "r1"
    assert after.notes[0] == "Not people."
    assert "23.8 % of the slices" in after.label_errors["train"]
    assert set(after.label_errors) == {"train"}


def test_second_recordings_of_training_legs_are_left_out(legs: Path, tmp_path: Path):
    for name in ("x1.mha", "masksX1.mha"):
        shutil.copyfile(legs / "train" / "P2" / name, legs / "train" / "P2" / name.replace("1", "2"))
    with (legs / "cohort.toml").open("a", encoding="utf-8") as stream:
        stream.write('P2_x2 = "r2"\n')
    drain(pseudo_label(legs, tmp_path / "few", FEW))
    assert [case.name for case in open_cohort(tmp_path / "few").of_split("train")] == ["P1_x1", "P2_x1"]


def test_what_is_done_is_kept_and_what_has_changed_is_done_again(legs: Path, tmp_path: Path):
    target = tmp_path / "few"
    drain(pseudo_label(legs, target, FEW))
    files = {patient: target / "train" / patient / "masksX1.mha" for patient in ("P1", "P2")}
    before = {patient: path.stat().st_mtime_ns for patient, path in files.items()}
    drain(pseudo_label(legs, target, FEW))
    assert {patient: path.stat().st_mtime_ns for patient, path in files.items()} == before
    smaller = cone()
    smaller[20:22] = 0
    shutil.rmtree(legs / "train" / "P2")
    write(legs, "train", "P2", smaller)
    drain(pseudo_label(legs, target, FEW))
    assert files["P1"].stat().st_mtime_ns == before["P1"]
    assert files["P2"].stat().st_mtime_ns != before["P2"]
    # Correcting a label by hand leaves the originals alone.
    assert not files["P1"].samefile(legs / "train" / "P1" / "masksX1.mha")
    assert not (target / "val" / "P3" / "masksX1.mha").samefile(legs / "val" / "P3" / "masksX1.mha")


def test_a_leg_that_cannot_be_labelled_is_named_and_the_rest_is_kept(legs: Path, tmp_path: Path):
    other = np.zeros((10, 20, 20), dtype=np.uint8)
    other[2:8, 5:9, 5:9] = 100
    place = legs / "train" / "P2"
    save(LabelMap(other, Grid(other.shape, (1.0, 1.0, 2.0)), NAMES), place / "masksX1.mha", force=True)
    with pytest.raises(InputError, match="P2_x1"):
        drain(pseudo_label(legs, tmp_path / "few", FEW))


def test_nothing_is_overwritten(legs: Path, tmp_path: Path):
    with pytest.raises(InputError, match="own"):
        drain(pseudo_label(legs, legs, FEW))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="other files"):
        drain(pseudo_label(legs, tmp_path / "full", FEW))


def test_an_nnunet_folder_is_refused_before_anything_is_written(tmp_path: Path):
    """Its layout could not be opened again beside a `cohort.toml`."""
    root = tmp_path / "Dataset001"
    grid = Grid(cone().shape, (1.0, 1.0, 2.0))
    for folder, name, array in (("imagesTr", "P1_0000", cone()), ("labelsTr", "P1", cone())):
        (root / folder).mkdir(parents=True)
        save(Volume(array, grid), root / folder / f"{name}.nii.gz")
    described = {
        "labels": {"background": 0, "SOL": 100},
        "file_ending": ".nii.gz",
        "channel_names": {"0": "US"},
        "numTraining": 1,
    }
    (root / "dataset.json").write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(InputError, match="nnU-Net's folder"):
        drain(pseudo_label(root, tmp_path / "few", FEW))
    assert not (tmp_path / "few").exists()


def test_the_command_says_how_good_the_labels_are(legs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = [
        "pseudo-labels",
        str(legs),
        "-o",
        str(tmp_path / "few"),
        "--policy",
        "constant",
        "--constant",
        "200",
        "--workers",
        "0",
    ]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    said = capsys.readouterr()
    assert "of the masks of 2 legs are an expert's" in said.out + said.err
    with pytest.raises(SystemExit) as ended:
        main(["pseudo-labels", str(legs), "-o", str(tmp_path / "more"), "--method", "guided,plain"])
    assert ended.value.code == 2
