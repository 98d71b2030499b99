"""Public data sets beside the paper's, on a replica of their layout."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ifssnet.cli.main import app
from ifssnet.core.errors import InputError
from ifssnet.core.progress import drain
from ifssnet.io.cohorts.neuromuscular_slices import FOLDER, find_slices
from ifssnet.workflow.cohorts.public_slices import check_slices, public_sets


def replica(root: Path) -> Path:
    """Two slices of each muscle and condition, a mask each."""
    mask = np.zeros((6, 8), np.uint8)
    mask[2:4, 3:6] = 255
    for muscle in ("BB", "GM", "TA"):
        for condition in ("Healthy", "Pathological"):
            for kind, picture in (("Images", mask // 2 + 20), ("Masks", mask)):
                folder = root / FOLDER / muscle / condition / kind
                folder.mkdir(parents=True)
                for number in (1, 2):
                    Image.fromarray(picture).save(folder / f"{muscle}{condition[0]}{number}.png")
    return root


def test_pairs_are_found_from_any_folder_around_them(tmp_path: Path):
    root = replica(tmp_path / "unpacked")
    found = find_slices(root)
    assert len(found) == 12
    assert {each.muscle for each in found} == {"biceps brachii", "GM", "tibialis anterior"}
    assert all(each.image is not None and each.mask is not None for each in found)
    assert len(find_slices(tmp_path)) == len(find_slices(root / FOLDER)) == 12
    assert drain(check_slices(root)).pairs["GM, pathological"] == 2


def test_what_is_missing_or_does_not_fit_is_said(tmp_path: Path):
    root = replica(tmp_path)
    (root / FOLDER / "GM/Healthy/Masks/GMH1.png").unlink()
    Image.fromarray(np.zeros((6, 8), np.uint8)).save(root / FOLDER / "BB/Healthy/Masks/BBH1.png")
    Image.fromarray(np.ones((5, 8), np.uint8)).save(root / FOLDER / "TA/Healthy/Masks/TAH2.png")
    checked = drain(check_slices(root))
    assert checked.pairs["GM, healthy"] == checked.pairs["biceps brachii, healthy"] == 1
    assert [problem.partition(" ")[0] for problem in checked.problems] == ["BBH1", "GMH1", "TAH2"]
    result = CliRunner().invoke(app, ["dataset", "dlsegmskneurodisease", str(root)])
    assert result.exit_code == 1
    assert "GMH1 (GM, healthy) has no mask." in result.stderr


def test_what_cannot_be_read_stands_beside_what_can(tmp_path: Path):
    root = replica(tmp_path)
    (root / FOLDER / "GM/Healthy/Images/GMH1.png").write_bytes(b"")
    (root / FOLDER / "TA/Healthy/Masks/TAH1.png").write_bytes(b"no picture")
    (root / FOLDER / "TA/Healthy/Images/folder.png").mkdir()
    checked = drain(check_slices(root))
    assert [problem.partition(" ")[0] for problem in checked.problems] == ["GMH1", "TAH1"]
    assert sum(checked.pairs.values()) == 10


@pytest.mark.parametrize("gone", ["Healthy", "Pathological"])
def test_half_an_archive_is_not_complete(gone: str, tmp_path: Path):
    root = replica(tmp_path)
    shutil.rmtree(root / FOLDER / "GM" / gone)
    shutil.rmtree(root / FOLDER / "BB")
    checked = drain(check_slices(root))
    missing = ["biceps brachii, healthy", "biceps brachii, pathological", f"GM, {gone.lower()}"]
    assert [problem.partition(":")[0] for problem in checked.problems] == missing
    assert all(checked.pairs[each] == 0 for each in missing)


def test_two_pictures_of_one_name_are_refused(tmp_path: Path):
    root = replica(tmp_path)
    images = root / FOLDER / "GM/Healthy/Images"
    (images / "GMH1.PNG").write_bytes((images / "GMH1.png").read_bytes())
    if len(list(images.iterdir())) == 2:
        pytest.skip("this file system does not tell capital letters")
    with pytest.raises(InputError, match="one picture named GMH1"):
        find_slices(root)


def test_another_layout_is_refused(tmp_path: Path):
    for wrong in (tmp_path, tmp_path / "absent"):
        with pytest.raises(InputError):
            find_slices(wrong)


def test_the_list_has_a_licence_and_a_page_for_each():
    result = CliRunner().invoke(app, ["dataset", "list", "--json"])
    listed = json.loads(result.stdout)
    assert [each["name"] for each in listed] == [each.name for each in public_sets()]
    assert {each["licence"].split()[0] for each in listed} == {"GNU", "Creative", "MIT"}
    assert all(each["page"].startswith("https://") for each in listed)
    shown = CliRunner().invoke(app, ["dataset", "list"])
    assert "bicepsfem3dus" in shown.stdout
