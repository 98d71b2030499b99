from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archive_server import Server, impatient, serving, sha256
from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress, drain
from ifssnet.io.transfer.download import BLOCK_BYTES, Retry, download, partial_of, remote_size

DATA = np.random.default_rng(5).bytes(300_000)
OTHER = np.random.default_rng(6).bytes(200_000)


def get(server: Server, target: Path, data: bytes = DATA, attempts: int = 3) -> list[Progress]:
    heard: list[Progress] = []
    assert drain(download(f"{server.url}/a.zip", target, sha256(data), impatient(attempts)), heard.append) == target
    assert target.read_bytes() == data
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    return heard


def test_file_arrives_with_progress_to_the_last_byte(tmp_path: Path) -> None:
    with serving({"a.zip": DATA}) as server:
        heard = get(server, tmp_path / "a.zip")
        assert remote_size(f"{server.url}/a.zip", impatient()) == len(DATA)
    fetching = [progress for progress in heard if progress.stage == "fetching a.zip"]
    assert [p.done for p in fetching] == sorted(p.done for p in fetching)
    assert (fetching[0].done, fetching[-1].done, fetching[-1].total) == (0, len(DATA), len(DATA))
    assert heard[-1] == Progress("checking a.zip", len(DATA), len(DATA))


def test_broken_connection_is_continued_by_range_within_a_run(tmp_path: Path) -> None:
    with serving({"a.zip": DATA}, break_after=[100_000, 50_000]) as server:
        get(server, tmp_path / "a.zip")
    assert server.asked_ranges() == [None, "bytes=100000-", "bytes=150000-"]


def test_broken_connection_is_continued_by_range_in_the_next_run(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    with serving({"a.zip": DATA}, break_after=[100_000]) as server:
        with pytest.raises(InputError, match=r"100,000 bytes so far are kept"):
            drain(download(f"{server.url}/a.zip", target, sha256(DATA), impatient(1)))
        assert partial_of(target).read_bytes() == DATA[:100_000]
        assert not target.exists()
        get(server, target)
    assert server.asked_ranges() == [None, "bytes=100000-"]


def test_interruption_leaves_what_the_next_run_continues(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"

    def interrupt(progress: Progress) -> None:
        if progress.done >= 100_000:
            raise KeyboardInterrupt

    with serving({"a.zip": DATA}) as server:
        with pytest.raises(KeyboardInterrupt):
            drain(download(f"{server.url}/a.zip", target, sha256(DATA), impatient()), interrupt)
        kept = partial_of(target).stat().st_size
        assert 100_000 <= kept < len(DATA)
        get(server, target)
    assert server.asked_ranges() == [None, f"bytes={kept}-"]


def test_server_without_ranges_starts_again(tmp_path: Path) -> None:
    with serving({"a.zip": DATA}, break_after=[100_000], ranges=False) as server:
        get(server, tmp_path / "a.zip")
    assert server.asked_ranges() == [None, "bytes=100000-"]


@pytest.mark.parametrize("honours", [True, False])
def test_changed_file_starts_again(tmp_path: Path, honours: bool) -> None:
    """By If-Range on a server that honours it, by the ETag of the partial answer on one that does not."""
    target = tmp_path / "a.zip"
    with serving({"a.zip": OTHER}, etag='"v1"', break_after=[100_000], honours_if_range=honours) as server:
        with pytest.raises(InputError):
            drain(download(f"{server.url}/a.zip", target, sha256(DATA), impatient(1)))
        server.files["a.zip"], server.etag = DATA, '"v2"'
        get(server, target)


def test_changed_file_of_the_same_length_without_any_validator_starts_again(tmp_path: Path) -> None:
    target, before = tmp_path / "a.zip", DATA[::-1]
    with serving({"a.zip": before}, etag=None, break_after=[100_000]) as server:
        with pytest.raises(InputError):
            drain(download(f"{server.url}/a.zip", target, sha256(DATA), impatient(1)))
        server.files["a.zip"] = DATA
        get(server, target)
    assert server.asked_ranges() == [None, "bytes=100000-", None]


def checks(heard: list[Progress]) -> int:
    return sum(progress.stage.startswith("checking") and progress.done == progress.total for progress in heard)


def test_changed_file_of_the_same_length_is_told_by_its_etag_before_it_is_appended(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    with serving({"a.zip": DATA[::-1]}, break_after=[100_000], honours_if_range=False) as server:
        with pytest.raises(InputError):
            drain(download(f"{server.url}/a.zip", target, sha256(DATA), impatient(1)))
        server.files["a.zip"], server.etag = DATA, '"v2"'
        assert checks(get(server, target)) == 1
    assert server.asked_ranges() == [None, "bytes=100000-", None]
    assert server.if_ranges == [None, '"v1"', None]


def test_partial_answer_that_starts_elsewhere_is_not_appended(tmp_path: Path) -> None:
    with serving({"a.zip": DATA}, break_after=[100_000], miscounts=10) as server:
        heard = get(server, tmp_path / "a.zip")
    assert max(progress.done for progress in heard) == len(DATA)
    assert server.asked_ranges() == [None, "bytes=100000-", None]


def test_partial_file_from_another_address_is_not_continued(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    with serving({"a.zip": DATA, "b.zip": DATA}, break_after=[100_000]) as server:
        with pytest.raises(InputError):
            drain(download(f"{server.url}/b.zip", target, sha256(DATA), impatient(1)))
        get(server, target)
    assert server.requests == [("b.zip", None), ("a.zip", None)]


def test_date_serves_where_there_is_no_strong_etag(tmp_path: Path) -> None:
    behaviour = {"etag": None, "modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
    with serving({"a.zip": DATA}, break_after=[100_000], **behaviour) as server:
        get(server, tmp_path / "a.zip")
    assert server.asked_ranges() == [None, "bytes=100000-"]
    assert server.if_ranges == [None, behaviour["modified"]]


def test_partial_file_of_unknown_origin_is_not_continued(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    for notes in ("", "[]", '{"url": 5, "etag": null, "modified": null, "total": null}'):
        partial_of(target).write_bytes(b"something else")
        partial_of(target).with_name("a.zip.partial.json").write_text(notes, encoding="utf-8")
        with serving({"a.zip": DATA}) as server:
            get(server, target)
        assert server.asked_ranges() == [None]


def test_partial_file_longer_than_the_servers_starts_again(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    with serving({"a.zip": DATA}, break_after=[250_000]) as server:
        with pytest.raises(InputError):
            drain(download(f"{server.url}/a.zip", target, sha256(OTHER), impatient(1)))
        server.files["a.zip"] = OTHER
        get(server, target, OTHER)
    assert server.asked_ranges() == [None, "bytes=250000-", None]


def test_wrong_hash_leaves_nothing_and_says_both(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    with serving({"a.zip": OTHER}) as server, pytest.raises(InputError) as caught:
        drain(download(f"{server.url}/a.zip", target, sha256(DATA), impatient()))
    assert sha256(DATA) in caught.value.expected
    assert sha256(OTHER) in caught.value.received
    assert "removed" in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_length_that_the_server_keeps_to_itself(tmp_path: Path) -> None:
    with serving({"a.zip": DATA}, tells_length=False) as server:
        assert remote_size(f"{server.url}/a.zip", impatient()) is None
        heard = get(server, tmp_path / "a.zip")
    assert {progress.total for progress in heard if progress.stage.startswith("fetching")} == {0}


def test_busy_server_is_asked_again_after_growing_pauses(tmp_path: Path) -> None:
    pauses: list[float] = []
    retry = Retry(attempts=4, first_wait_s=1.0, longest_wait_s=3.0, sleep=pauses.append)
    with serving({"a.zip": DATA}, statuses=[503, 429, 500]) as server:
        drain(download(f"{server.url}/a.zip", tmp_path / "a.zip", sha256(DATA), retry))
        assert pauses == [1, 2, 3]
        server.statuses[:] = [503] * 4
        with pytest.raises(InputError, match="503"):
            drain(download(f"{server.url}/a.zip", tmp_path / "b.zip", sha256(DATA), retry))
        assert len(server.requests) == 8


def test_connection_that_brings_a_block_each_time_is_never_given_up(tmp_path: Path) -> None:
    data = DATA * 18
    with serving({"a.zip": data}, break_after=[BLOCK_BYTES + 1] * 5) as server:
        get(server, tmp_path / "a.zip", data, attempts=2)


def test_absent_file_is_refused_at_once(tmp_path: Path) -> None:
    with serving({}) as server:
        with pytest.raises(InputError, match="404"):
            remote_size(f"{server.url}/a.zip", impatient())
        with pytest.raises(InputError, match="404"):
            drain(download(f"{server.url}/a.zip", tmp_path / "a.zip", sha256(DATA), impatient()))
    assert len(server.requests) == 2


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a.zip", "nowhere/a.zip", "http://[::1/a.zip", "file:///a.zip"])
def test_impossible_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError, match="--base-url"):
        drain(download(url, tmp_path / "a.zip", sha256(DATA), impatient()))


def test_nobody_answering_is_said(tmp_path: Path) -> None:
    with serving({}) as server:
        pass
    with pytest.raises(InputError, match="again and again"):
        drain(download(f"{server.url}/a.zip", tmp_path / "a.zip", sha256(DATA), impatient(2)))
    with pytest.raises(InputError, match="again and again"):
        remote_size(f"{server.url}/a.zip", impatient(2))


def test_folder_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with serving({"a.zip": DATA}) as server, pytest.raises(InputError, match="room to write"):
        drain(download(f"{server.url}/a.zip", tmp_path / "no" / "a.zip", sha256(DATA), impatient()))
