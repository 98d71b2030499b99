"""`ifss phantom`: what is made, what is refused in words, and that nothing half made stays."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from ifssnet.cli.commands.phantom import Size, Via, cohort, leg
from ifssnet.cli.main import main
from ifssnet.core.errors import InputError
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.open import kind_of
from interrupting import interrupt


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """The words of an error; exit code 2 and no traceback are part of it."""
    with pytest.raises(SystemExit) as leaving:
        main([str(word) for word in words])
    assert leaving.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return " ".join(said.split())


def test_a_leg_and_a_cohort_are_made(tmp_path: Path) -> None:
    started = time.perf_counter()
    made_leg = leg(tmp_path / "leg", seed=2, size=Size.small, via=Via.direct, quiet=True)
    # Some seconds; ten times that on a machine that has much else to do, or compiles first.
    assert time.perf_counter() - started < 60
    assert set(made_leg.recordings["r1"].volumes_cm3) == {"SOL", "GM", "GL"}
    assert (tmp_path / "leg" / "x1.mha").is_file()
    with pytest.raises(InputError, match="leg"):
        leg(tmp_path / "leg", seed=2, size=Size.small, via=Via.direct, quiet=True)
    made = cohort(tmp_path / "legs", subjects=1, split="0/0/1", size=Size.small, second=0, quiet=True)
    assert made.subjects == made.acquisitions == 1
    assert [case.name for case in open_cohort(tmp_path / "legs").cases] == ["P01_x1"]
    assert (tmp_path / "legs" / "test" / "P01" / "masksX1.mha").is_file()


def test_sweeps_as_other_commands_read_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["phantom", "leg", "-o", str(tmp_path / "leg"), "--seed", "2", "--size", "small", "--json"]
    with pytest.raises(SystemExit) as leaving:
        main(words)
    assert leaving.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert told["generator"] == "phantom/1"
    assert told["r1"]["sweeps"] == len(list((tmp_path / "leg").glob("sweep?.igs.mha"))) == 4
    assert kind_of(tmp_path / "leg" / "sweep1.igs.mha") == kind_of(tmp_path / "leg" / "sweep2.igs.mha")
    before = (tmp_path / "leg" / "x1.mha").read_bytes()
    assert "--force" in refused(capsys, *words)
    assert (tmp_path / "leg" / "x1.mha").read_bytes() == before


def test_force_replaces_a_leg(tmp_path: Path) -> None:
    words = ["phantom", "leg", "-o", str(tmp_path / "leg"), "--size", "small", "--via", "direct", "--quiet"]
    contents: list[bytes] = []
    for more in (["--seed", "2"], ["--seed", "3", "--force"]):
        with pytest.raises(SystemExit) as leaving:
            main([*words, *more])
        assert leaving.value.code == 0
        contents.append((tmp_path / "leg" / "x1.mha").read_bytes())
    assert contents[0] != contents[1]
    assert [path.name for path in tmp_path.iterdir()] == ["leg"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("leg", "--seed", "-1"), "a seed from 0 to 2^63 - 1 got -1"),
        (("leg", "--seed", "7.5"), "--seed"),
        (("leg", "--size", "huge"), "'huge'"),
        (("leg", "--via", "magic"), "'magic'"),
        (("leg", "--variant", "giant"), "'giant'"),
        (("leg", "--acquisitions", "3"), "1 or 2 acquisitions"),
        (("leg", "--acquisitions", "0"), "1 or 2 acquisitions"),
        (("leg", "--anatomy", "nowhere"), "nowhere"),
        (("leg", "--anatomy", "empty"), "empty"),
        (("cohort", "--subjects", "0"), "subjects"),
        (("cohort", "--subjects", "-3", "--split", "-1/-1/-1"), "-1/-1/-1"),
        (("cohort", "--subjects", "3", "--split", "29/5/10"), "adds up to 3 got 29/5/10"),
        (("cohort", "--subjects", "3", "--split", "1/1"), "1/1"),
        (("cohort", "--subjects", "3", "--split", "most/some/few"), "--split"),
        (("cohort", "--subjects", "3", "--split", "1/1/1", "--second", "4"), "second acquisition"),
        (("cohort", "--subjects", "3", "--split", "1/1/1", "--workers", "0"), "workers"),
        (("cohort", "--subjects", "3", "--split", "1/1/1", "--seed", "-1"), "seed"),
        (("cohort", "--subjects", "99999", "--split", "99999/0/0"), "10,000"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    kind, *options = words
    assert said in refused(
        capsys, "phantom", kind, "-o", "made", *(["--size", "small"] if "--size" not in words else []), *options
    )
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_place_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("leg", "cohort"):
        assert "nowhere" in refused(capsys, "phantom", kind, "-o", tmp_path / "nowhere" / "made")
    (tmp_path / "file").write_text("a file", encoding="utf-8")
    for kind in ("leg", "cohort"):
        assert "a file" in refused(capsys, "phantom", kind, "-o", tmp_path / "file", "--force")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "a file"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def interrupted(tmp_path: Path, *words: str) -> None:
    """Ctrl-C once something is there leaves nothing, with exit code 130 and without a traceback."""
    code, said = interrupt(["phantom", *words], tmp_path, lambda: any(tmp_path.iterdir()), linger_s=0.5)
    assert code == 130
    assert b"Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_leg_leaves_nothing(tmp_path: Path) -> None:
    interrupted(tmp_path, "leg", "-o", "leg", "--size", "quarter")
