from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress, drain
from ifssnet.io.sweeps.overlays import write_overlays


def test_one_picture_a_frame_under_its_own_number(tmp_path: Path):
    pictures = [(i, np.full((4, 6, 3), i, dtype=np.uint8)) for i in (2, 7)]
    told: list[Progress] = []
    folder = drain(write_overlays(iter(pictures), 2, tmp_path / "overlays of é"), told.append)
    assert sorted(file.name for file in folder.iterdir()) == ["frame_0002.png", "frame_0007.png"]
    assert np.asarray(Image.open(folder / "frame_0007.png")).tolist() == pictures[1][1].tolist()
    assert [(one.done, one.total) for one in told] == [(1, 2), (2, 2)]


def test_a_stopped_work_leaves_nothing(tmp_path: Path):
    work = write_overlays(((i, np.zeros((2, 2, 3), dtype=np.uint8)) for i in range(9)), 9, tmp_path / "out")
    next(work)
    work.close()
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_kept(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError):
        drain(write_overlays([], 0, tmp_path / "out"))
    assert (tmp_path / "out" / "mine.txt").read_text(encoding="utf-8") == "mine"
