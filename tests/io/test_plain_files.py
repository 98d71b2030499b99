"""Tables that anybody may have written: right, or an error that names the file."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.cohorts.nnunet import read_nnunet, write_nnunet
from ifssnet.io.open import open_labels, open_sweep
from ifssnet.io.save import save
from ifssnet.io.seeds.png_masks import read_png_masks
from ifssnet.io.seeds.seed_files import open_seeds
from ifssnet.io.storage.plain_files import read_json, read_toml
from ifssnet.io.volumes.label_names import LabelNames, from_text

GRID = Grid((2, 3, 4))
LABELS = LabelMap(np.eye(3, 4, dtype=np.uint8)[None].repeat(2, axis=0), GRID, {1: "SOL"})

BAD_JSON = {
    "cut short": '{"labels": {',
    "a list": "[]",
    "a list of labels": '{"labels": [5, 1]}',
    "a list of channels": '{"labels": {"SOL": 1}, "channel_names": [0, 5]}',
    "labels in lists of lists": '{"labels": {"SOL": [[1]]}}',
    "a number of 5,000 digits": '{"labels": {"SOL": ' + "9" * 5000 + "}}",
    "a number of 4,000 digits": '{"labels": {"SOL": ' + "9" * 4000 + "}}",
    "a key of 5,000 digits": '{"labels": {"' + "9" * 5000 + '": "SOL"}}',
    "deep lists": '{"labels": ' + "[" * 900 + "]" * 900 + "}",
    "deeper lists": "[" * 100_000,
    "deep tables": '{"labels": ' * 500 + "1" + "}" * 500,
    "a fraction": '{"labels": {"SOL": 1.5}}',
    "a truth": '{"labels": {"SOL": true}}',
    "below nothing": '{"labels": {"SOL": -1}}',
    "no number": '{"labels": {"SOL": NaN}}',
    "no UTF-8": b'{"labels": {"\xff": 1}}',
}


def _write(path: Path, content: str | bytes) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("content", BAD_JSON.values(), ids=BAD_JSON)
def test_a_description_that_cannot_be_meant_is_refused_by_every_reader(tmp_path: Path, content: str | bytes) -> None:
    folder = write_nnunet(tmp_path / "d", [("a", Volume(LABELS.array, GRID), LABELS)]).folder
    _write(folder / "dataset.json", content)
    with pytest.raises(InputError, match=r"dataset\.json"):
        read_nnunet(folder)
    if "channel_names" not in str(content):
        with pytest.raises(InputError, match=r"dataset\.json"):
            open_cohort(folder)
        with pytest.raises(InputError, match=r"dataset\.json"):
            open_labels(folder / "labelsTr" / "a.nii.gz")
        save(LABELS, tmp_path / "x.nii.gz")
        _write(tmp_path / "x.json", content)
        if content == BAD_JSON["a list of labels"]:
            # Beside an image a list is another program's word for something else: the image opens without names.
            assert open_labels(tmp_path / "x.nii.gz").names == {1: "1"}
            return
        with pytest.raises(InputError, match=r"x\.json"):
            open_labels(tmp_path / "x.nii.gz")
        with pytest.raises(InputError, match=r"x\.json"):
            open_seeds(tmp_path / "x.nii.gz")


def test_a_byte_order_mark_and_numbers_in_quotation_marks_are_understood(tmp_path: Path) -> None:
    folder = write_nnunet(tmp_path / "d", [("a", Volume(LABELS.array, GRID), LABELS)]).folder
    text = json.dumps({"labels": {"background": "0", "soleus": "1"}, "channel_names": {"0": "US"}, "file_ending": ".nii.gz"})
    (folder / "dataset.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert dict(read_nnunet(folder).names) == {1: "soleus"}
    assert dict(open_cohort(folder).label_names) == {1: "SOL"}
    assert dict(open_labels(folder / "labelsTr" / "a.nii.gz").names) == {1: "soleus"}


def test_names_are_read_both_ways_round() -> None:
    assert from_text('{"labels": {"1": "SOL", "GM": 2, "0": "nothing", "3": "4"}, "further": [1]}', "x") == LabelNames(
        {1: "SOL", 2: "GM", 3: "4"}
    )
    assert from_text('{"labels": {}, "colors": {"1": [1, 2, 255]}}', "x").colors == {1: (1, 2, 255)}
    for text in ('{"colors": {"1": [1, 2, 256]}}', '{"colors": {"1": [1, 2]}}', '{"labels": {"a": "b"}}'):
        with pytest.raises(InputError, match="x"):
            from_text(text, "x")


@pytest.mark.parametrize("content", ["a = 0x" + "f" * 9000, "a = " + "9" * 5000, "a = " + "[" * 500 + "]" * 500, "a", "\0"])
def test_a_calibration_that_cannot_be_meant_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "calibration.toml").write_text(content, encoding="utf-8")
    (tmp_path / "poses.csv").write_text("frame,time\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"calibration\.toml"):
        open_sweep(tmp_path)
    with pytest.raises(InputError, match=r"calibration\.toml"):
        read_toml(tmp_path / "calibration.toml", "a calibration")


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[1, 2]", encoding="utf-8")
    assert read_json(tmp_path / "x.json", "numbers", 6) == [1, 2]
    with pytest.raises(InputError, match="at most 5 bytes"):
        read_json(tmp_path / "x.json", "numbers", 5)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_pipes_in_place_of_files_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "calibration.toml").write_text("pixel_spacing_mm = [1.0, 1.0]\n", encoding="utf-8")
    (tmp_path / "poses.csv").write_text("frame,time,x,y,z,qx,qy,qz,qw\n0,0,0,0,0,0,0,0,1\n", encoding="utf-8")
    os.mkfifo(tmp_path / "frame_0000.png")
    with pytest.raises(InputError, match="no ordinary file"):
        open_sweep(tmp_path)
    (tmp_path / "masks").mkdir()
    os.mkfifo(tmp_path / "masks" / "SOL_0001.png")
    with pytest.raises(InputError, match="no ordinary file"):
        read_png_masks(tmp_path / "masks", GRID)
    Image.new("L", (4, 3), 1).save(tmp_path / "masks" / "GM_0001.png")
    os.mkfifo(tmp_path / "labels.json")
    with pytest.raises(InputError, match="no ordinary file"):
        read_json(tmp_path / "labels.json", "names")


NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([2**31, 2**32, 2**64, 10**4000, -1, 0]))
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=5), st.integers(-2, 300).map(str)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=8,
)
KEYS = ("labels", "colors", "channel_names", "modality", "file_ending", "name", "licence", "reference", "ifss_annotated_slices")
TABLES = st.one_of(
    PLAIN, st.dictionaries(st.one_of(st.sampled_from(["SOL", "0", "1", "2", "9" * 12]), st.text(max_size=3)), PLAIN)
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(st.tuples(st.sampled_from(KEYS), TABLES), max_size=6))
def test_any_entries_raise_only_input_errors(tmp_path: Path, entries: list[tuple[str, object]]) -> None:
    """Keys twice, left out, and with values of another type, huge and negative ones among them."""
    text = "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in entries) + "}"
    folder = tmp_path / "d"
    if not folder.exists():
        write_nnunet(folder, [("a", Volume(LABELS.array, GRID), LABELS)])
        save(LABELS, tmp_path / "x.nii.gz")
    (folder / "dataset.json").write_text(text, encoding="utf-8")
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        for read, path in (
            (read_nnunet, folder),
            (open_cohort, folder),
            (open_labels, folder / "labelsTr" / "a.nii.gz"),
            (open_labels, tmp_path / "x.nii.gz"),
            (open_seeds, tmp_path / "x.nii.gz"),
        ):
            with contextlib.suppress(InputError):
                read(path)
