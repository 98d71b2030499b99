"""Answers of the server: slices, events, who writes, files from elsewhere, and nonsense."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra `web` is not installed")

from asking import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic_case import COLUMNS, GRID, ROWS, SLICES, disc, grey, make_case

from ifssnet.core.findings import Finding
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.packed_mask import PackedMask
from ifssnet.io.save import save
from ifssnet.io.sweeps.kept_frames import FOLDER
from ifssnet.io.volumes.recorded_findings import with_findings
from ifssnet.web.app import create_app
from ifssnet.web.security import access_for
from ifssnet.web.work.jobs import Jobs
from ifssnet.workflow.session.events import SliceDrawn
from ifssnet.workflow.session.session import Session, now


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_case(tmp_path / "cases")
    return tmp_path / "cases"


@pytest.fixture
def client(root: Path) -> Iterator[Client]:
    with Client(create_app(root, access_for("127.0.0.1"), limit_bytes=2_000_000)) as found:
        yield found


def sent(mask: np.ndarray) -> dict[str, object]:
    packed = PackedMask.of(mask)
    return {key: getattr(packed, key) for key in ("top", "left", "height", "width", "pixels", "text")}


def wish(tab: str = "a", **what: object) -> dict[str, object]:
    return {"tab": tab, "by": "A. Expert", "wish": what}


def advised(client: Client) -> dict[str, Any]:
    """The advice on a case as soon as it is known."""
    for _ in range(3000):
        if (advice := client.get("/api/cases/leg").json["advice"]) is not None:
            return advice
        time.sleep(0.02)
    raise AssertionError("no advice")


def test_slices_along_every_axis_are_those_of_the_volume(client: Client) -> None:
    volume = grey()
    key = client.get("/api/cases/leg").json["volume"]
    for axis, index, truth in (("z", 7, volume[7]), ("y", 30, volume[:, 30]), ("x", 11, volume[:, :, 11])):
        answer = client.get(f"/api/cases/leg/slices/{key}/{axis}/{index}")
        assert answer.body == truth.tobytes()
        assert "immutable" in answer.headers["cache-control"]
    assert client.get(f"/api/cases/leg/slices/{key}/z/{SLICES}").status == 400
    assert client.get(f"/api/cases/leg/slices/{key}/w/1").status == 400
    assert client.get("/api/cases/leg/slices/00000000/z/1").status == 400


def test_a_case_says_where_there_is_something_to_see_until_something_is_drawn(client: Client, root: Path) -> None:
    array = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    array[5:9, 50:60, 70:90] = 120
    save(Volume(array, GRID), root / ".sparse.mha")
    Session.create(root / "sparse", root / ".sparse.mha", by="tester").close()
    z, y, x = client.get("/api/cases/sparse").json["look"]
    assert (z, 50 <= y < 60, 70 <= x < 90) == (8, True, True)
    drawn = wish(kind="draw", label=1, z=6, mask=sent(disc(6)))
    assert client.post("/api/cases/sparse/events", drawn).status == 200
    assert client.get("/api/cases/sparse").json["look"] is None


def test_what_is_drawn_is_on_the_disk_when_the_answer_comes(client: Client, root: Path) -> None:
    answer = client.post("/api/cases/leg/events", wish(kind="draw", label=1, z=9, mask=sent(disc(9)), seconds=12.5))
    assert answer.status == 200
    state = Session.open(root / "leg", read_only=True).state
    assert state.events == answer.json["version"]
    assert (state.muscles[1].drawn[9].mask.array() == disc(9)).all()
    assert state.muscles[1].drawn[9].by == "A. Expert"
    marks = client.get("/api/cases/leg").json["marks"]
    assert [(mark["l"], mark["z"], mark["o"], mark["m"][4]) for mark in marks] == [(1, 9, "drawn", disc(9).sum())]


def test_a_full_disk_is_no_reason_to_drop_a_stroke(client: Client, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = wish(kind="draw", label=1, z=9, mask=sent(disc(9)))
    client.post("/api/cases/leg/events", wish(kind="seen", slices=[1]))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        answer = client.post("/api/cases/leg/events", draw)
        # The page sends again what was answered like this.
        assert answer.status == 507
        assert "No space left" in answer.json["error"]
    assert client.post("/api/cases/leg/events", draw).status == 200
    assert sorted(Session.open(root / "leg", read_only=True).state.muscles[1].drawn) == [9]


def test_many_strokes_are_one_outline(client: Client) -> None:
    for z in (9, 9, 9, 12):
        client.post("/api/cases/leg/events", wish(kind="draw", label=1, z=z, mask=sent(disc(z)), seconds=5))
    found = client.get("/api/cases/leg").json
    assert found["outlines"] == 2
    assert found["secondsPerOutline"] == 10


def test_a_second_tab_reads_only_until_it_takes_over(client: Client) -> None:
    draw = {"kind": "draw", "label": 1, "z": 9, "mask": sent(disc(9))}
    assert client.post("/api/cases/leg/events", wish("first", **draw)).status == 200
    refused = client.post("/api/cases/leg/events", wish("second", **draw))
    assert (refused.status, refused.json["reason"]) == (409, "writer")
    assert client.post("/api/cases/leg/propagate", {"tab": "second", "by": "x"}).status == 409
    assert client.get("/api/cases/leg").status == 200
    assert client.post("/api/cases/leg/writer", {"tab": "second"}).status == 200
    assert client.post("/api/cases/leg/events", wish("second", **draw)).status == 200
    assert client.post("/api/cases/leg/events", wish("first", **draw)).status == 409


def test_slices_are_drawn_again_blind_and_cases_compared(client: Client, root: Path) -> None:
    make_case(root, "before")
    for case in ("before", "leg"):
        for z in range(3, 13):
            client.post(f"/api/cases/{case}/events", wish(kind="draw", label=1, z=z, mask=sent(disc(z))))
    assert client.get("/api/cases/leg/quality").json == {"same": None, "other": None}
    assert client.post("/api/cases/leg/events", wish(kind="ask-again", share=0.6)).status == 200
    asked = client.get("/api/cases/leg").json["asked"]
    assert len(asked) == 6
    for label, z in asked:
        again = wish(kind="redrawn", label=label, z=z, mask=sent(disc(z) | np.roll(disc(z), 1, axis=0)), seconds=9)
        assert client.post("/api/cases/leg/events", again).status == 200
        assert client.post("/api/cases/leg/events", again).status == 400
    same = client.get("/api/cases/leg/quality").json["same"]
    assert same["slices"] == len(same["pairs"]) == 6
    assert same["bias"] > 0
    assert same["mdc"] > same["sem"] > 0
    found = client.get("/api/cases/leg/compare/before").json
    assert found["lab"]["redrawn"] == 6
    assert found["changes"][0]["now_cm3"] == found["changes"][0]["before_cm3"]
    assert found["changes"][0]["mdc_cm3"] > 0
    assert client.get("/api/cases/leg/compare/gone").status == 400
    client.post("/api/cases/leg/events", wish(kind="ask-again", share=0.6))
    client.post("/api/cases/leg/events", wish(kind="ask-again", share=0))
    assert client.get("/api/cases/leg").json["asked"] == []


def test_a_drawn_border_snaps_to_the_proposal_and_methods_are_compared_on_hidden_slices(client: Client) -> None:
    for z in (5, 15, 25, 34):
        client.post("/api/cases/leg/events", wish(kind="draw", label=1, z=z, mask=sent(disc(z))))
    assert client.post("/api/cases/leg/snap", {"label": 1, "z": 10}).status == 400
    propagated(client)
    proposed = {mark["z"]: mark["m"] for mark in client.get("/api/cases/leg").json["marks"]}[10]
    by_hand = disc(10) | np.roll(disc(10), 1, axis=1)
    client.post("/api/cases/leg/events", wish(kind="draw", label=1, z=10, mask=sent(by_hand), how="corrected"))
    assert client.post("/api/cases/leg/snap", {"label": 1, "z": 10}).json["mask"] == proposed
    assert client.post("/api/cases/leg/snap", {"label": 9, "z": 10}).status == 400
    propagated(client)
    propagated(client, compare=True)
    advice = advised(client)
    assert advice["suggestion"]["label"] in (1, 2, 3)
    assert advice["sds"]["1"] > 0
    gap = advice["gaps"]["1"][1]
    assert (gap["low"], gap["high"]) == (10, 15)
    assert gap["method"] in gap["dice"]
    assert len(gap["dice"]) < 2 or gap["lead"] == pytest.approx(2 * gap["dice"][gap["method"]] - sum(gap["dice"].values()))


def test_propagation_fills_the_gap_and_a_correction_leaves_the_rest(client: Client) -> None:
    for z in (5, 20, 34):
        client.post("/api/cases/leg/events", wish(kind="draw", label=1, z=z, mask=sent(disc(z))))
    propagated(client)
    before = {mark["z"]: mark["m"] for mark in client.get("/api/cases/leg").json["marks"]}
    assert sorted(before) == list(range(5, 35))
    client.post("/api/cases/leg/events", wish(kind="draw", label=1, z=28, mask=sent(disc(24)), how="corrected"))
    muscle = client.get("/api/cases/leg").json["muscles"][0]
    assert muscle["stale"] == [[20, 28], [28, 34]]
    propagated(client)
    after = {mark["z"]: mark["m"] for mark in client.get("/api/cases/leg").json["marks"]}
    assert all(after[z] == before[z] for z in range(5, 21))
    assert after[27] != before[27]


def propagated(client: Client, **how: object) -> None:
    assert client.post("/api/cases/leg/propagate", {"tab": "a", "by": "A. Expert", **how}).status == 200
    for _ in range(2400):
        if not client.get("/api/cases/leg").json["running"]:
            return
        time.sleep(0.05)
    raise AssertionError("the propagation does not end")


def test_exports_can_be_taken_away(client: Client) -> None:
    client.post("/api/cases/leg/events", wish(kind="draw", label=1, z=9, mask=sent(disc(9))))
    answer = client.post("/api/cases/leg/exports", {"tab": "a", "by": "x", "kind": "seg.nrrd"})
    (name,) = answer.json["files"]
    assert client.get(f"/api/cases/leg/exports/{name}").body.startswith(b"NRRD")
    assert client.get("/api/cases/leg/exports/session.jsonl").status == 400
    assert client.post("/api/cases/leg/exports", {"tab": "a", "by": "x", "kind": "exe"}).status == 400


def finished(client: Client, job: str) -> dict[str, object]:
    for _ in range(600):
        found = client.get(f"/api/jobs/{job}").json
        if found["state"] != "running":
            return found
        time.sleep(0.1)
    raise AssertionError("the job does not end")


def test_a_dropped_volume_with_seeds_becomes_a_case(client: Client, root: Path, tmp_path: Path) -> None:
    labels = np.zeros((SLICES, ROWS, COLUMNS), dtype=np.uint8)
    for z in (6, 30):
        labels[z][disc(z)] = 2
    save(Volume(grey(), GRID), tmp_path / "Leg of A.mha")
    save(LabelMap(labels, GRID, {2: "GM"}), tmp_path / "drawn.seg.nrrd")
    for name in ("Leg of A.mha", "drawn.seg.nrrd"):
        assert client.put(f"/api/trays/0123abcd/{name}", (tmp_path / name).read_bytes()).status == 200
    found = finished(client, client.post("/api/jobs/case", {"tray": "0123abcd"}).json["job"])
    assert (found["state"], found["case"]) == ("done", "Leg of A")
    state = Session.open(root / "Leg of A", read_only=True).state
    gm = state.muscles[state.label_of("GM")]
    assert sorted(z for z, drawn in gm.drawn.items() if not drawn.mask.empty) == [6, 30]
    assert gm.drawn[6].how == "imported"
    assert not (root / ".incoming" / "0123abcd").exists()


def test_what_the_look_at_a_recording_found_is_told(client: Client, root: Path, tmp_path: Path) -> None:
    assert client.get("/api/cases/leg/findings").json == {"findings": []}
    looked = with_findings(Volume(grey(), GRID), [Finding("warning", "Two sweeps do not meet.", "Look at both.")])
    save(looked, tmp_path / "swept.mha")
    Session.create(root / "swept", tmp_path / "swept.mha", by="tester").close()
    (found,) = client.get("/api/cases/swept/findings").json["findings"]
    assert (found["severity"], found["text"], found["remedy"]) == ("warning", "Two sweeps do not meet.", "Look at both.")


def test_frames_that_were_damaged_are_said_and_the_case_can_be_drawn_on(client: Client, root: Path) -> None:
    (root / "leg" / FOLDER).mkdir()
    assert client.get("/api/cases/leg").json["sweeps"] == 0
    (found,) = client.get("/api/cases/leg/findings").json["findings"]
    assert "The raw frames are not shown" in found["text"]
    assert "Make the case again" in found["text"]


def test_a_muscle_on_one_slice_is_no_volume_and_the_page_is_told(client: Client, root: Path) -> None:
    with Session.open(root / "leg", by="tester") as session:
        session.apply(SliceDrawn(now(), "tester", 1, 20, PackedMask.of(disc(20))))
    (row,) = client.get("/api/folder").json["cases"]
    assert set(row["unfinished"].values()) == {"few"}
    advice = advised(client)
    assert advice["unfinished"]["1"] == {"kind": "few", "slices": [20]}
    assert advice["unfinished"]["2"] is None


def test_seeds_are_dropped_on_an_open_case(client: Client, root: Path, tmp_path: Path) -> None:
    labels = np.zeros((SLICES, ROWS, COLUMNS), dtype=np.uint8)
    labels[6][disc(6)] = labels[30][disc(30)] = 2
    labels[18][disc(18)] = 1
    save(LabelMap(labels, GRID, {1: "SOL", 2: "TA"}), tmp_path / "drawn.seg.nrrd")
    client.put("/api/trays/0123abcd/drawn.seg.nrrd", (tmp_path / "drawn.seg.nrrd").read_bytes())
    take = {"tray": "0123abcd", "tab": "a", "by": "A. Expert"}
    assert client.post("/api/cases/leg/seeds", take).status == 400
    found = finished(client, client.post("/api/jobs/seeds", {"tray": "0123abcd", "case": "leg"}).json["job"])
    assert found["state"] == "done"
    # What was assumed is said, and nothing that a library warned of.
    assert "TA is missing on 1 slice" in str(found["remarks"])
    assert client.post("/api/cases/leg/seeds", take | {"tab": "b"}).status == 200
    assert client.post("/api/cases/leg/seeds", take).status in (400, 409)
    marks = client.get("/api/cases/leg").json["marks"]
    assert [(mark["z"], mark["m"][4]) for mark in marks if mark["m"][4]] == [(z, disc(z).sum()) for z in (18, 6, 30)]
    client.put("/api/trays/0123abcd/broken.seg.nrrd", b"NRRD0005\nnonsense")
    found = finished(client, client.post("/api/jobs/seeds", {"tray": "0123abcd", "case": "leg"}).json["job"])
    assert found["state"] == "failed"
    assert client.post("/api/jobs/seeds", {"tray": "0123abcd", "case": "../leg"}).status == 400


@pytest.mark.parametrize("content", [b"", b"NRRD0005\nnonsense", b"\x00" * 4000, b"PK\x03\x04broken zip"])
def test_a_malformed_file_is_said_to_be_one(client: Client, root: Path, content: bytes) -> None:
    client.put("/api/trays/0123abcd/broken.nrrd", content)
    found = finished(client, client.post("/api/jobs/case", {"tray": "0123abcd"}).json["job"])
    assert found["state"] == "failed"
    assert "broken.nrrd" in str(found["problem"])
    assert "Traceback" not in str(found["problem"])
    assert [path.name for path in root.iterdir() if not path.name.startswith(".")] == ["leg"]


def test_a_file_that_is_too_large_leaves_nothing(client: Client, root: Path) -> None:
    answer = client.put("/api/trays/0123abcd/large.nrrd", b"x" * 2_000_001)
    assert answer.status == 400
    assert "larger" in answer.json["error"]
    assert list((root / ".incoming" / "0123abcd").iterdir()) == []
    assert client.put("/api/trays/..%2f..%2faway/x.nrrd", b"x").status in (400, 404)
    assert client.put("/api/trays/0123abcd/..%2fx.nrrd", b"x").status in (400, 404)


@pytest.mark.posix
@pytest.mark.parametrize("fails", ["mkdir", "open"])
def test_a_full_disk_is_said_where_files_are_sent_and_leaves_nothing(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, fails, full)
        answer = client.put("/api/trays/0123abcd/leg.mha", b"x")
    assert (answer.status, answer.json["expected"]) == (400, "room on the disk")
    assert not list(root.glob(".incoming/*/*"))
    assert client.put("/api/trays/0123abcd/leg.mha", b"x").status == 200


@pytest.mark.posix
def test_half_a_file_for_which_there_was_room_does_not_stay(client: Client, root: Path) -> None:
    resource = pytest.importorskip("resource")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limit[1]))
    try:
        answer = client.put("/api/trays/0123abcd/leg.mha", b"x" * 60_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (answer.status, answer.json["expected"]) == (400, "room on the disk")
    assert not list(root.glob(".incoming/*/*"))


def test_a_served_folder_that_vanished_is_not_made_again(client: Client, root: Path) -> None:
    root.rename(root.with_name("elsewhere"))
    for answer in (client.put("/api/trays/0123abcd/leg.mha", b"x"), client.get("/api/folder")):
        assert answer.status == 400
        assert "folder" in answer.json["expected"]
    assert not root.exists()


def test_a_worker_that_hangs_or_dies_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.Popen
    for script, words in (
        ("import time; time.sleep(60)", "more than 1 seconds"),
        ("import os; os.abort()", "could not be read"),
    ):
        monkeypatch.setattr(
            "ifssnet.web.work.jobs.subprocess.Popen",
            lambda command, script=script, **how: real([command[0], "-c", script], **how),
        )
        jobs = Jobs(tmp_path, most_seconds=1.0)
        ended: list[bool] = []
        name = jobs.start("files", ["x"], lambda ended=ended: ended.append(True))
        for _ in range(200):
            if jobs.get(name).state != "running":
                break
            time.sleep(0.05)
        assert jobs.get(name).state == "failed"
        assert words in jobs.get(name).problem
        assert ended == [True]


def test_a_folder_that_vanished_and_a_damaged_log_are_no_faults_of_the_server(client: Client, root: Path) -> None:
    (root / "damaged").mkdir()
    (root / "damaged" / "session.jsonl").write_text("nonsense\nmore\n", encoding="utf-8")
    rows = {row["name"]: row for row in client.get("/api/folder").json["cases"]}
    assert rows["damaged"]["state"] == "damaged"
    assert rows["damaged"]["problem"]
    assert client.get("/api/cases/damaged").status == 400
    assert client.get("/api/cases/gone").status == 400


def test_infinity_is_refused(client: Client) -> None:
    answer = client.post("/api/cases/leg/events", wish(kind="erase", label=float("inf"), z=1))
    assert answer.status == 422
    assert "label" in answer.json["error"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
KINDS = ["draw", "erase", "absent", "ends", "accept", "seen", "add-muscle", "undo", "redo", "sign", "reopen"]
FIELDS = {"label": JSON, "z": JSON, "mask": JSON, "slices": JSON, "first": JSON, "last": JSON, "name": JSON, "absent": JSON}
WISHES = st.fixed_dictionaries({"kind": st.sampled_from(KINDS)}, optional=FIELDS)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.fixed_dictionaries({"tab": st.just("a"), "by": st.just("x"), "wish": WISHES}) | JSON)
def test_nonsense_is_refused_and_never_a_fault(client: Client, body: object) -> None:
    assert client.post("/api/cases/leg/events", body).status < 500


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.integers(-3, 2**31 + 3), min_size=7, max_size=7), text=st.text(max_size=30))
def test_masks_that_are_none_are_refused_and_never_a_fault(client: Client, numbers: list[int], text: str) -> None:
    names = ("top", "left", "height", "width", "pixels")
    mask = dict(zip(names, numbers, strict=False)) | {"text": text}
    body = wish(kind="draw", label=numbers[5] % 4, z=numbers[6] % 50, mask=mask)
    assert client.post("/api/cases/leg/events", body).status < 500
