from __future__ import annotations

import pytest

from ifssnet.core.muscles import GL, GM, SOL
from ifssnet.io.cohorts.leg_3d_us import ARCHIVES, LABEL_NAMES, place_of


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("P01/x1.mha", "train/P01/x1.mha"),
        ("train/P01/x1.mha", "train/P01/x1.mha"),
        ("leg_train_data/P01/masksX12.mha", "train/P01/masksX12.mha"),
        ("leg_train_data/train/P01/x1.mha", "train/P01/x1.mha"),
        ("data/some/where/P01/x1.mha", "train/P01/x1.mha"),
        ("Validation/P01/MASKSX1.MHA", "val/P01/masksX1.mha"),
        ("leg_train_data/test/P01/x1.mha", "test/P01/x1.mha"),
    ],
)
def test_members_of_the_layout_find_their_place(name: str, path: str) -> None:
    place = place_of(name.split("/"), "train")
    assert place is not None
    assert place.path.as_posix() == path
    assert place.is_labels == ("masks" in name.lower())


@pytest.mark.parametrize(
    "name",
    [
        "x1.mha",
        "train/x1.mha",
        "P01/y1.mha",
        "P01/x.mha",
        "P01/x1.mha.gz",
        "P01/._x1.mha",
        "__MACOSX/x1.mha",
        ".git/x1.mha",
        "",
    ],
)
def test_other_members_have_none(name: str) -> None:
    assert place_of(name.split("/"), "train") is None


def test_without_any_split_there_is_no_place() -> None:
    assert place_of(["P01", "x1.mha"]) is None


def test_published_facts() -> None:
    assert dict(LABEL_NAMES) == {100: SOL, 150: GM, 200: GL}
    assert [archive.split for archive in ARCHIVES] == ["train", "val", "test"]
    assert all(len(archive.sha256) == 64 and int(archive.sha256, 16) > 0 for archive in ARCHIVES)
