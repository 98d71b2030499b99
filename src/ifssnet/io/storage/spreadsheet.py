"""Tables as spreadsheet programs export them: commas, semicolons or tabs between cells, points or commas in numbers."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.io.storage.existing_file import existing_file

_LARGEST_BYTES = 1 << 26
_SEPARATORS = (";", "\t", ",")
_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*(e[+-]?\d+)?", re.IGNORECASE)
_SAID_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)


def read_spreadsheet(path: Path, needed: Sequence[str], words: Collection[str] = ()) -> list[dict[str, str]]:
    """The lines of a table under its heading.

    Cells stand between semicolons, tabs or commas, whichever the heading has. Numbers may have a decimal comma; they are given
    back with a point. A table in which some numbers have a point and others a comma could be read in two ways and is refused.

    Args:
        path: A text file in UTF-8 or UTF-16.
        needed: Columns that the heading must have, whatever their capitals; they are named so in the result.
        words: Columns that hold words and no numbers.

    Raises:
        InputError: Not a table, a heading without these columns or with one twice, a line of another width, or numbers that
            could be read in two ways.
    """
    text = _text(path)
    lines = text.splitlines(keepends=True)
    said = _SAID_SEPARATOR.fullmatch(lines[0]) if lines else None
    if said:
        lines = lines[1:]
    first = next((line for line in lines if line.strip()), "")
    separator = said[1] if said else next((each for each in _SEPARATORS if each in first), ",")
    try:
        rows = [row for row in csv.reader(lines, delimiter=separator) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError(f"a table in {path}", f"'{error}'", "Export it as CSV, in UTF-8.") from error
    heading = [_named(word.strip(), (*needed, *words)) for word in rows[0]] if rows else []
    if not set(needed) <= set(heading) or len(set(heading)) < len(heading):
        raise InputError(
            f"a heading with {', '.join(needed)} in {path}", f"'{separator.join(heading)[:80]}'", "Name each column, once."
        )
    if len(rows) < 2:
        raise InputError(f"lines under the heading of {path}", "none", "Give one line a subject.")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(heading):
            raise InputError(f"{len(heading)} values in line {number} of {path}", f"{len(row)}", "Complete the line.")
    cells = [dict(zip(heading, (cell.strip() for cell in row), strict=True)) for row in rows[1:]]
    numeric = [name for name in heading if name not in words]
    decimal = _decimal_sign([(row[name], name) for row in cells for name in numeric], path)
    return [row | {name: _with_point(row[name], decimal) for name in numeric} for row in cells]


def _text(path: Path) -> str:
    if (size := existing_file(path, "a table", may_be_empty=True)) > _LARGEST_BYTES:
        raise InputError(f"a table of at most {_LARGEST_BYTES >> 20} MiB", f"{path} of {size >> 20:,} MiB", "Split it.")
    try:
        content = path.read_bytes()
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if wide else "utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"a table in {path}", f"'{error}'", "Export it as CSV, in UTF-8.") from error


def _named(heading: str, known: Collection[str]) -> str:
    return next((name for name in known if name.casefold() == heading.casefold()), heading)


def _decimal_sign(cells: Sequence[tuple[str, str]], path: Path) -> str:
    """The decimal sign of a table's numbers."""
    seen: dict[str, str] = {}
    for cell, column in cells:
        if _NUMBER.fullmatch(cell) and (signs := re.sub(r"[^.,]", "", cell)):
            # A sign that comes twice stands between thousands; of two different ones the last is the decimal sign.
            twice = len(signs) > 1 and len(set(signs)) == 1
            sign = {".": ",", ",": "."}[signs[-1]] if twice else signs[-1]
            seen.setdefault(sign, f"'{cell}' ({column})")
    if len(seen) > 1:
        raise InputError(
            f"one decimal sign in the numbers of {path}",
            f"{seen['.']} and {seen[',']}",
            "Write all numbers with a point, or all with a comma.",
        )
    return next(iter(seen), ".")


def _with_point(cell: str, decimal: str) -> str:
    if not _NUMBER.fullmatch(cell):
        return cell
    thousands = "." if decimal == "," else ","
    return cell.replace(thousands, "").replace(decimal, ".")
