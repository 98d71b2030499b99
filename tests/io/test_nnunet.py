from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.cohorts.nnunet import read_nnunet, write_nnunet
from ifssnet.io.kinds import kind_of
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import save

GRID = Grid((2, 3, 4), (0.5, 0.5, 1.0), (1.0, 2.0, 3.0))
VOLUME = Volume(np.arange(24, dtype=np.uint8).reshape(2, 3, 4), GRID)


def labels(values: dict[int, str]) -> LabelMap:
    array = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    for i, value in enumerate(values):
        array[0, i] = value
    return LabelMap(array, GRID, values)


def test_a_folder_written_and_read(tmp_path: Path) -> None:
    cases = [("leg é 1", VOLUME, labels({100: "SOL", 200: "GL"})), ("leg é 2", VOLUME, labels({1: "GL", 2: "GM"}))]
    found = write_nnunet(tmp_path / "Dataset001_Legs", iter(cases))
    assert [case.name for case in found.cases] == ["leg é 1", "leg é 2"]
    assert dict(found.names) == {1: "SOL", 2: "GL", 3: "GM"}
    assert found.channels == ("ultrasound",)
    described = json.loads((found.folder / "dataset.json").read_text(encoding="utf-8"))
    assert described["labels"] == {"background": 0, "SOL": 1, "GL": 2, "GM": 3}
    assert described["numTraining"] == 2
    assert kind_of(found.folder) == "nnunet"
    second = found.cases[1]
    assert second.labels is not None
    read = open_labels(second.labels)
    assert {read.names[int(value)] for value in np.unique(read.array) if value} == {"GL", "GM"}
    assert (read.array[0, 0] == 2).all()
    assert (open_volume(second.images[0]).array == VOLUME.array).all()
    with pytest.raises(InputError, match="one case"):
        open_volume(found.folder)


def test_a_folder_of_one_case_opens(tmp_path: Path) -> None:
    write_nnunet(tmp_path / "d", [("a", VOLUME, labels({1: "SOL"}))])
    assert open_volume(tmp_path / "d").grid.matches(GRID)
    assert dict(open_labels(tmp_path / "d").names) == {1: "SOL"}


def test_what_cannot_be_written(tmp_path: Path) -> None:
    one = labels({1: "SOL"})
    for cases in ([], [("a", VOLUME, one), ("a", VOLUME, one)], [("../a", VOLUME, one)]):
        with pytest.raises(InputError):
            write_nnunet(tmp_path / "d", cases)
    other = LabelMap(one.array, Grid(GRID.shape_zyx), one.names)
    with pytest.raises(InputError, match="grid"):
        write_nnunet(tmp_path / "d", [("a", VOLUME, other)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"labels": []}', '{"labels": {"a": "b"}}', '{"labels": {}, "channel_names": {"x": "y"}}',
     '{"labels": {}, "file_ending": "/../x"}', '{"labels": {"background": 0}}'],
)  # fmt: skip
def test_a_broken_description_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_nnunet(tmp_path)


def test_regions_are_left_out_aloud(tmp_path: Path) -> None:
    folder = write_nnunet(tmp_path / "d", [("a", VOLUME, labels({1: "SOL"}))]).folder
    (folder / "dataset.json").write_text('{"labels": {"background": 0, "calf": [1, 2], "SOL": 1}}', encoding="utf-8")
    with pytest.warns(InputWarning, match="calf"):
        assert dict(read_nnunet(folder).names) == {1: "SOL"}


def test_values_without_a_name_are_said_where_others_have_one(tmp_path: Path) -> None:
    folder = write_nnunet(tmp_path / "d", iter([("a", VOLUME, labels({1: "SOL", 2: "GM"}))])).folder
    described = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    described["labels"] = {"background": 0, "SOL": 1}
    (folder / "dataset.json").write_text(json.dumps(described), encoding="utf-8")
    with pytest.warns(InputWarning, match=r"a\.nii\.gz: no name for 2, where other values have one \(SOL\)"):
        read = open_labels(folder / "labelsTr" / "a.nii.gz")
    assert dict(read.names) == {1: "SOL", 2: "2"}


def test_names_beside_predictions_and_regions_of_one_label(tmp_path: Path) -> None:
    table = {"labels": {"background": 0, "SOL": [1], "GM": 2, "triceps": [1, 2]}}
    (tmp_path / "dataset.json").write_text(json.dumps(table), encoding="utf-8")
    save(labels({1: "1", 2: "2"}), tmp_path / "leg_001.nrrd")
    written = open_volume(tmp_path / "leg_001.nrrd")
    save(Volume(written.array, written.grid), tmp_path / "leg_002.nrrd")
    with pytest.warns(InputWarning, match="'triceps' is a region of several labels"):
        assert open_labels(tmp_path / "leg_002.nrrd").names == {1: "SOL", 2: "GM"}


@pytest.mark.parametrize(
    "table",
    [
        '{"background": "0", "SOL": " 1 ", "GM": "2"}', '{"background": 0, "SOL": 1.0, "GM": 2.0}',
        '["background", "SOL", "GM"]',
        '{"0": {"name": "background"}, "1": {"name": "SOL"}, "2": {"name": "GM"}}',
        '{"background": 0, "SOL": ["1"], "GM": [2]}',
        '{"0": "background", "1": "SOL", "2": "GM"}', '{"background": 255, "SOL": 1, "GM": 2}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_labels_as_people_write_them(tmp_path: Path, table: str, encoding: str) -> None:
    folder = write_nnunet(tmp_path / "d", iter([("a", VOLUME, labels({1: "SOL", 2: "GM"}))])).folder
    (folder / "dataset.json").write_text(f'{{"labels": {table}}}', encoding=encoding)
    assert read_nnunet(folder).names == {1: "SOL", 2: "GM"}
    assert open_labels(folder / "labelsTr" / "a.nii.gz").names == {1: "SOL", 2: "GM"}
    assert open_cohort(folder).label_names == {1: "SOL", 2: "GM"}


def test_a_background_by_name_is_none_of_the_structures(tmp_path: Path) -> None:
    array = np.full(GRID.shape_zyx, 9, dtype=np.uint8)
    array[0, 0], array[0, 1] = 1, 0
    save(Volume(array, GRID), tmp_path / "leg.nii.gz")
    (tmp_path / "dataset.json").write_text('{"labels": {"SOL": 1, "background": 9}}', encoding="utf-8")
    with pytest.warns(InputWarning, match="9 is called the background"):
        read = open_labels(tmp_path / "leg.nii.gz")
    assert read.names == {1: "SOL"}
    assert int((read.array > 0).sum()) == 4


@pytest.mark.parametrize(
    ("table", "said"),
    [('{"background": 1, "SOL": 0}', "'SOL' at 0"), ('{"background": 0, "SOL": 1, "GM": 1}', "SOL and GM at 1")],
)
def test_a_structure_that_would_be_lost_is_refused(tmp_path: Path, table: str, said: str) -> None:
    save(Volume(labels({1: "SOL"}).array, GRID), tmp_path / "leg.nii.gz")
    (tmp_path / "dataset.json").write_text(f'{{"labels": {table}}}', encoding="utf-8")
    with pytest.raises(InputError, match=said):
        open_labels(tmp_path / "leg.nii.gz")
