"""Tables as spreadsheet programs of several countries save them hold the same numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ifssnet.core.errors import InputError
from ifssnet.io.storage.spreadsheet import read_spreadsheet
from ifssnet.workflow.evaluation.agreement import agree_files

ROWS = [("P01", 431.25, 433.5), ("P02", 287.0, 281.75), ("P03", 1502.5, 1498.25), ("P04", 364.5, 371.0)]


def table(separator: str, decimal: str, heading: tuple[str, ...] = ("subject", "first", "second")) -> str:
    lines = [separator.join(heading)]
    lines += [separator.join((name, *(str(value).replace(".", decimal) for value in values))) for name, *values in ROWS]
    return "\n".join(lines) + "\n"


TABLES = {
    "commas": table(",", ".").encode(),
    "semicolons and decimal commas": table(";", ",").encode(),
    "semicolons and points": table(";", ".").encode(),
    "tabs": table("\t", ",").encode(),
    "byte-order mark, other capitals": table(";", ",", ("Subject", "first", "second")).encode("utf-8-sig"),
    "UTF-16": table("\t", ".").encode("utf-16"),
    "Windows' line ends and a blank line": (table(";", ",").replace("\n", "\r\n") + "\r\n").encode(),
    "the separator said first": b"sep=;\r\n" + table(";", ",").encode(),
    "thousands": table(";", ",").replace("1502,5", "1.502,5").encode(),
    "quoted decimal commas between commas": "\n".join(
        ["subject,first,second"] + [f'{n},"{str(a).replace(".", ",")}","{str(b).replace(".", ",")}"' for n, a, b in ROWS]
    ).encode(),
}


@pytest.mark.parametrize("content", TABLES.values(), ids=TABLES.keys())
def test_the_same_agreement_from_every_table(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text(table(",", "."), encoding="utf-8")
    (tmp_path / "other.csv").write_bytes(content)
    found, expected = agree_files([tmp_path / "other.csv"]), agree_files([tmp_path / "plain.csv"])
    assert found == expected
    (pair,) = found.muscles["all"].pairs
    assert pair.difference.bias == pytest.approx(sum(a - b for _, a, b in ROWS) / 4)


def test_points_and_commas_in_one_table_are_refused_with_both_numbers(tmp_path: Path) -> None:
    (tmp_path / "mixed.csv").write_text("subject;first;second\nP01;1,234;12.5\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"12\.5.*1,234"):
        read_spreadsheet(tmp_path / "mixed.csv", ("subject",), ("subject",))


def test_subjects_whose_names_look_like_numbers_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("subject;first\n1,5;2,5\n", encoding="utf-8")
    assert read_spreadsheet(tmp_path / "t.csv", ("subject",), ("subject",)) == [{"subject": "1,5", "first": "2.5"}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "heading"),
        ("subject;a\n", "lines under"),
        ("subject;a\nP1;1;2\n", "2 values in line 2"),
        ("name;a\nP1;1\n", "heading"),
        ("subject;a;a\nP1;1;1\n", "once"),
    ],
)
def test_what_is_no_table(content: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_spreadsheet(tmp_path / "t.csv", ("subject",), ("subject",))
