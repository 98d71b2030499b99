"""A folder of legs in LEG-3D-US' layout, looked at and handed to nnU-Net."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ifssnet.cli.commands import convert, info
from ifssnet.core.facts.file_facts import CohortFacts
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.open import open_labels
from ifssnet.io.save import save

GRID = Grid((4, 5, 6), (0.5, 0.5, 0.3))


def test_a_cohort_is_listed_and_becomes_an_nnunet_folder(tmp_path: Path):
    for split, patient in (("train", "P01"), ("test", "P02")):
        folder = tmp_path / "legs" / split / patient
        folder.mkdir(parents=True)
        labels = np.zeros(GRID.shape_zyx, np.uint8)
        labels[1, 2, 3], labels[2, 2, 3] = 100, 200
        save(Volume(np.full(GRID.shape_zyx, 7, np.uint8), GRID), folder / "x1.mha")
        save(LabelMap(labels, GRID, {}), folder / "masksX1.mha")
    found = info.run(tmp_path / "legs", quiet=True).content
    assert isinstance(found, CohortFacts)
    assert [(case.split, case.case) for case in found.cases] == [("train", "P01_x1"), ("test", "P02_x1")]
    convert.run(tmp_path / "legs", tmp_path / "Dataset001_Legs", quiet=True)
    told = json.loads((tmp_path / "Dataset001_Legs" / "dataset.json").read_text(encoding="utf-8"))
    assert told["labels"] == {"background": 0, "SOL": 1, "GL": 2}
    found = open_labels(tmp_path / "Dataset001_Legs" / "labelsTr" / "P02_x1.nii.gz")
    assert np.argwhere(found.array == 2).tolist() == [[2, 2, 3]]
