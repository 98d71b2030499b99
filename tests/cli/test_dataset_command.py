from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from archive_server import Server, archives_of, impatient, pair, serving, three_archives
from ifssnet.cli.commands.dataset import dataset_command
from ifssnet.cli.main import app
from ifssnet.cli.terminal import Terminal
from ifssnet.core.errors import InputError
from ifssnet.io.cohorts import leg_3d_us as leg3dus
from ifssnet.workflow.cohorts.dataset import Source

FILES = three_archives()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(FILES) as running:
        yield running


def source_of(server: Server) -> Source:
    return Source(server.url, archives_of(FILES), retry=impatient())


def put(root: Path) -> None:
    for split, patient, number in (("train", "P01", 1), ("val", "P02", 2), ("test", "P03", 3)):
        for name, data in pair(f"{split}/{patient}", number).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)


def test_terms_and_sizes_come_before_the_first_byte(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[str] = []

    def ask() -> bool:
        shown.append(capsys.readouterr().err)
        assert not list(tmp_path.iterdir())
        return True

    checked = dataset_command(tmp_path, source_of(server), Terminal(quiet=True), download=True, ask=ask)
    assert checked is not None
    assert checked.complete
    for words in (
        leg3dus.LICENCE,
        "pone.0268550",
        "s11548-024-03170-7",
        "acquisition r1",
        "10 % wrong",
        "bytes to fetch",
        "free",
    ):
        assert words in shown[0]
    assert str(sum(map(len, FILES.values()))) in shown[0].replace(",", "")


def test_nothing_is_fetched_without_consent(server: Server, tmp_path: Path) -> None:
    root = tmp_path / "set"
    assert dataset_command(root, source_of(server), Terminal(), download=True, ask=lambda: False) is None
    with pytest.raises(InputError, match="--yes"):
        dataset_command(root, source_of(server), Terminal(), download=True, ask=None)
    assert not root.exists()


def test_json_is_all_that_standard_output_carries(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset_command(tmp_path, source_of(server), Terminal(as_json=True), download=True, yes=True)
    answer = json.loads(capsys.readouterr().out)
    assert answer["complete"] is True
    assert answer["splits"] == {"train": 2, "val": 1, "test": 1}
    assert [case["label_values"] for case in answer["cases"]] == [[100, 150, 200]] * 4


def test_second_download_neither_asks_nor_fetches(server: Server, tmp_path: Path) -> None:
    dataset_command(tmp_path, source_of(server), Terminal(), download=True, yes=True)
    asked = len(server.requests)
    assert dataset_command(tmp_path, source_of(server), Terminal(), download=True) is not None
    assert len(server.requests) == asked


def test_table_lists_every_case_with_its_split(tmp_path: Path) -> None:
    put(tmp_path)
    result = CliRunner().invoke(app, ["dataset", "leg-3d-us", str(tmp_path)])
    assert result.exit_code == 0
    for words in ("P01_x1", "train", "4 x 5 x 6", "0.277", "SOL, GM, GL", "ok"):
        assert words in result.stdout
    assert "3 cases (1 train, 1 val, 1 test)" in result.stderr


def test_missing_split_is_exit_code_1_and_says_how_to_get_it(tmp_path: Path) -> None:
    put(tmp_path)
    for path in (tmp_path / "val" / "P02").iterdir():
        path.unlink()
    result = CliRunner().invoke(app, ["dataset", "leg-3d-us", str(tmp_path), "-q"])
    assert result.exit_code == 1
    assert "leg_validation_data.zip" in result.stderr
    assert "--download" in result.stderr
    answer = json.loads(CliRunner().invoke(app, ["dataset", "leg-3d-us", str(tmp_path), "--json"]).stdout)
    assert answer["missing"] == ["the split val (leg_validation_data.zip)"]


def test_mirror_with_other_files_is_refused_by_the_published_hash(server: Server, tmp_path: Path) -> None:
    words = ["dataset", "leg-3d-us", str(tmp_path / "set"), "--download", "--accept-licence", "--base-url", server.url]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, InputError)
    assert leg3dus.ARCHIVES[0].sha256 in result.exception.expected
    assert not list((tmp_path / "set").glob("*"))[1:]


def test_without_a_terminal_consent_must_be_given_by_option(server: Server, tmp_path: Path) -> None:
    words = ["dataset", "leg-3d-us", str(tmp_path / "set"), "--download", "--base-url", server.url]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, InputError)
    assert "--yes" in result.exception.remedy
    assert leg3dus.LICENCE in result.stderr


def test_help_shows_an_example() -> None:
    result = CliRunner().invoke(app, ["dataset", "leg-3d-us", "--help"])
    assert "ifss dataset leg-3d-us data/leg-3d-us --download" in " ".join(result.stdout.split())
