from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from archive_server import (
    SHAPE_ZYX,
    Server,
    archives_of,
    impatient,
    labels,
    mha,
    pair,
    serving,
    sha256,
    three_archives,
    volume,
    zipped,
)
from ifssnet.core.cohort import Cohort
from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress, drain
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.transfer.archive import UnpackLimits
from ifssnet.workflow.cohorts.dataset import Source, fetch, plan_fetch
from ifssnet.workflow.cohorts.dataset_check import CheckedCohort, check_cohort, values_in_use

FILES = three_archives()
TRAIN_ZIP, VAL_ZIP, TEST_ZIP = FILES


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(FILES) as running:
        yield running


def source_of(server: Server, attempts: int = 2) -> Source:
    return Source(server.url, archives_of(FILES), retry=impatient(attempts))


def bring(root: Path, source: Source, keep_archives: bool = False) -> Cohort:
    return drain(fetch(plan_fetch(root, source, keep_archives)))


def checked(root: Path, source: Source) -> CheckedCohort:
    return drain(check_cohort(open_cohort(root), source.archives))


def visible(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file() and ".leg-3d-us" not in p.parts)


ALL = sorted(
    name
    for split, patient, n in (("train", "P01", 1), ("train", "P02", 2), ("val", "P03", 3), ("test", "P04", 4))
    for name in (f"{split}/{patient}/x{n}.mha", f"{split}/{patient}/masksX{n}.mha")
)


def test_three_archives_become_one_layout(server: Server, tmp_path: Path) -> None:
    root = tmp_path / "données leg" / "set"
    cohort = bring(root, source_of(server))
    assert visible(root) == ALL
    assert (root / "train/P02/x2.mha").read_bytes() == volume(2)
    assert [(case.split, case.name, case.complete) for case in cohort.cases] == [
        ("train", "P01_x1", True),
        ("train", "P02_x2", True),
        ("val", "P03_x3", True),
        ("test", "P04_x4", True),
    ]
    found = checked(root, source_of(server))
    assert found.complete
    assert found.ignored == ("readme.txt",)
    assert [entry.labels for entry in found.cases] == [(100, 150, 200)] * 4
    assert all(entry.grid is not None and entry.grid.shape_zyx == SHAPE_ZYX for entry in found.cases)
    plain = json.loads(json.dumps(found.as_plain()))
    assert plain["splits"] == {"train": 2, "val": 1, "test": 1}
    assert plain["cases"][0]["spacing_xyz_mm"] == pytest.approx([0.277] * 3)


def test_second_run_asks_the_server_for_nothing(server: Server, tmp_path: Path) -> None:
    bring(tmp_path, source_of(server))
    asked = len(server.requests)
    plan = plan_fetch(tmp_path, source_of(server))
    assert (plan.archives, plan.fetch_bytes, plan.disk_bytes) == ((), 0, 0)
    drain(fetch(plan))
    assert len(server.requests) == asked


def test_archives_stay_when_asked_and_archives_put_there_by_hand_are_used(server: Server, tmp_path: Path) -> None:
    bring(tmp_path / "kept", source_of(server), keep_archives=True)
    assert visible(tmp_path / "kept") == sorted([*ALL, *FILES])
    by_hand = tmp_path / "by hand"
    by_hand.mkdir()
    for name, data in FILES.items():
        (by_hand / name).write_bytes(data)
    asked = len(server.requests)
    bring(by_hand, source_of(server))
    assert visible(by_hand) == ALL
    assert len(server.requests) == asked


def test_wrong_archive_put_there_by_hand_is_moved_aside(server: Server, tmp_path: Path) -> None:
    (tmp_path / TRAIN_ZIP).write_bytes(FILES[TEST_ZIP])
    with pytest.raises(InputError, match="moved to"):
        bring(tmp_path, source_of(server))
    assert visible(tmp_path) == [f"{TRAIN_ZIP}.wrong-hash"]
    bring(tmp_path, source_of(server))
    assert visible(tmp_path) == sorted([*ALL, f"{TRAIN_ZIP}.wrong-hash"])


def test_plan_counts_what_is_here_already(server: Server, tmp_path: Path) -> None:
    sizes = {name: len(data) for name, data in FILES.items()}
    total, largest = sum(sizes.values()), max(sizes.values())
    fresh = plan_fetch(tmp_path / "new" / "folder", source_of(server))
    assert (fresh.fetch_bytes, fresh.archive_bytes, fresh.disk_bytes) == (total, total, total + largest)
    assert not (tmp_path / "new").exists()
    assert plan_fetch(tmp_path, source_of(server), keep_archives=True).disk_bytes == 2 * total
    (tmp_path / TRAIN_ZIP).write_bytes(FILES[TRAIN_ZIP])
    (tmp_path / f"{TEST_ZIP}.partial").write_bytes(FILES[TEST_ZIP][:100])
    begun = plan_fetch(tmp_path, source_of(server))
    assert begun.fetch_bytes == total - sizes[TRAIN_ZIP] - 100
    assert begun.disk_bytes == total + largest - sizes[TRAIN_ZIP] - 100


def test_small_disk_is_refused_before_anything_is_written(server: Server, tmp_path: Path) -> None:
    total, largest = sum(map(len, FILES.values())), max(map(len, FILES.values()))
    source = replace(source_of(server), free_bytes=lambda folder: total + largest - 1)
    with pytest.raises(InputError, match=f"{total + largest:,} bytes free"):
        plan_fetch(tmp_path / "new", source)
    assert not (tmp_path / "new").exists()
    assert plan_fetch(tmp_path / "new", replace(source, free_bytes=lambda folder: total + largest)).archives


def test_server_that_does_not_say_sizes(tmp_path: Path) -> None:
    with serving(FILES, tells_length=False) as server:
        plan = plan_fetch(tmp_path, source_of(server))
        assert (plan.fetch_bytes, plan.disk_bytes) == (None, None)
        drain(fetch(plan))
    assert visible(tmp_path) == ALL


def test_broken_connection_goes_on_in_the_next_run(tmp_path: Path) -> None:
    with serving(FILES) as server:
        plan = plan_fetch(tmp_path, source_of(server, attempts=1))
        server.requests.clear()
        server.break_after[:] = [100]
        with pytest.raises(InputError, match="run the same command again"):
            drain(fetch(plan))
        assert visible(tmp_path) == [f"{TRAIN_ZIP}.partial", f"{TRAIN_ZIP}.partial.json"]
        bring(tmp_path, source_of(server))
    assert (TRAIN_ZIP, "bytes=100-") in server.requests
    assert visible(tmp_path) == ALL


def test_stopped_after_any_step_the_next_run_completes(server: Server, tmp_path: Path) -> None:
    """Ctrl-C at each progress report in turn, in one folder after another."""
    heard: list[Progress] = []
    drain(fetch(plan_fetch(tmp_path / "all", source_of(server))), heard.append)
    assert {progress.stage.split()[0] for progress in heard} == {"fetching", "checking", "unpacking"}
    for step in range(1, len(heard), 2):
        root = tmp_path / str(step)
        work = fetch(plan_fetch(root, source_of(server)))
        for _ in range(step):
            next(work)
        work.close()
        assert bring(root, source_of(server)).splits == ("train", "val", "test")
        assert visible(root) == ALL
        assert not list((root / ".leg-3d-us").glob("unpacking*"))


def test_wrong_hash_stops_and_keeps_nothing(server: Server, tmp_path: Path) -> None:
    server.files[VAL_ZIP] = zipped(pair("validation/P05", 5))
    with pytest.raises(InputError, match=sha256(server.files[VAL_ZIP])):
        bring(tmp_path, source_of(server))
    assert visible(tmp_path) == [name for name in ALL if name.startswith("train")]


@pytest.mark.parametrize(
    ("members", "match"),
    [
        ({**pair("P01", 1), "../../x9.mha": b"evil"}, "x9"),
        ({"P01/x1.mha": bytes(2_000_000)}, "200 times"),
        ({"pictures/one.png": b"1", "two.txt": b"2"}, "layout has changed"),
    ],
)
def test_malicious_or_foreign_archive_with_the_right_hash_puts_nothing_in_place(
    tmp_path: Path, members: dict[str, bytes], match: str
) -> None:
    files = {**FILES, TRAIN_ZIP: zipped(members)}
    root = tmp_path / "a" / "b"
    with serving(files) as server, pytest.raises(InputError, match=match):
        bring(root, Source(server.url, archives_of(files), retry=impatient()))
    assert visible(tmp_path) == [f"a/b/{TRAIN_ZIP}"]


def test_limits_are_handed_on(server: Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at most 3 entries"):
        bring(tmp_path, replace(source_of(server), limits=UnpackLimits(entries=3)))


def test_lost_and_cut_files_are_missed_and_come_back(server: Server, tmp_path: Path) -> None:
    bring(tmp_path, source_of(server))
    (tmp_path / "train/P01/masksX1.mha").unlink()
    found = checked(tmp_path, source_of(server))
    assert found.missing == ("train/P01/masksX1.mha",)
    assert "--download" in found.remedy
    assert found.cases[0].problems == ("no labels",)
    assert [archive.file_name for archive in plan_fetch(tmp_path, source_of(server)).archives] == [TRAIN_ZIP]
    (tmp_path / "train/P02/x2.mha").write_bytes(b"cut")
    assert checked(tmp_path, source_of(server)).missing == ("train/P01/masksX1.mha", "train/P02/x2.mha")
    with pytest.raises(InputError, match=r"P02/x2\.mha.*not overwritten"):
        bring(tmp_path, source_of(server))
    (tmp_path / "train/P02/x2.mha").unlink()
    bring(tmp_path, source_of(server))
    assert checked(tmp_path, source_of(server)).complete


def test_damaged_record_is_no_record(server: Server, tmp_path: Path) -> None:
    bring(tmp_path, source_of(server))
    for text in ("", "[]", '{"files": 3}', '{"sha256": "other", "files": {}, "ignored": []}'):
        (tmp_path / ".leg-3d-us" / f"{TEST_ZIP}.json").write_text(text, encoding="utf-8")
        assert [archive.file_name for archive in plan_fetch(tmp_path, source_of(server)).archives] == [TEST_ZIP]
    bring(tmp_path, source_of(server))
    assert visible(tmp_path) == ALL


def test_file_where_the_folder_should_be(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here", encoding="utf-8")
    with pytest.raises(InputError, match="folder for the data set"):
        plan_fetch(tmp_path / "file", source_of(server))
    with pytest.raises(InputError, match="can be written"):
        drain(fetch(replace(plan_fetch(tmp_path / "new", source_of(server)), root=tmp_path / "file")))


def test_check_finds_what_is_wrong_with_each_case(tmp_path: Path) -> None:
    good = {"train/P1/x1.mha": volume(1), "train/P1/masksX1.mha": labels((100, 200))}
    bad = {
        "train/P2/x2.mha": b"nothing at all",
        "train/P2/masksX2.mha": labels((100, 7)),
        "val/P3/x3.mha": mha(np.zeros((6, 5, 9))),
        "val/P3/masksX3.mha": labels(),
        "val/P4/masksX4.mha": labels()[:-30],
        "val/P5/x5.mha": mha(np.zeros(SHAPE_ZYX), spacing_mm=0.3),
        "val/P5/masksX5.mha": labels(),
    }
    for name, data in {**good, **bad}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    heard: list[Progress] = []
    found = drain(check_cohort(open_cohort(tmp_path)), heard.append)
    assert heard[-1] == Progress("checking cases", 5, 5)
    problems = {entry.case.patient: " | ".join(entry.problems) for entry in found.cases}
    assert problems["P1"] == ""
    assert found.cases[0].labels == (100, 200)
    assert "x2.mha" in problems["P2"]
    assert "label values 7 beside 0, 100, 150, 200" in problems["P2"]
    assert "(6, 5, 4) against (6, 5, 9)" in problems["P3"]
    assert "no volume" in problems["P4"]
    assert "masksX4" in problems["P4"]
    # the farthest corner: (5, 4, 3) steps, each 0.023 mm longer
    assert f"{0.023 * 50**0.5:.3g} mm apart" in problems["P5"]
    assert found.missing == ("the split test (leg_test_data.zip)",)
    assert not found.complete
    unread = drain(check_cohort(open_cohort(tmp_path), read_labels=False))
    assert {entry.labels for entry in unread.cases} == {None}
    assert "label values" not in str(unread.as_plain())


def test_values_in_use() -> None:
    array = np.zeros((3, 2, 2), np.uint16)
    array[0, 0, 0], array[2, 1, 1] = 700, 3
    assert values_in_use(array) == (3, 700)
    assert values_in_use(np.zeros((2, 2, 2), np.uint8)) == ()
