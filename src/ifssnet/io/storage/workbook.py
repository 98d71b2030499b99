"""Tables as the sheets of one Excel workbook, where xlsxwriter is installed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ifssnet.core.errors import InputError
from ifssnet.core.machine.extras import install_command
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.storage.tables import Columns

_LONGEST_NAME = 31
_MOST_ROWS = 1_048_576
_WIDEST = 40
_ALWAYS = datetime(1980, 1, 1)
"""The workbook's date: the same tables are the same file."""


def excel_here() -> bool:
    """Whether workbooks can be written: the extra `tables` is installed."""
    return find_spec("xlsxwriter") is not None


def write_workbook(sheets: Mapping[str, Columns], path: Path, force: bool = False) -> None:
    """Write tables as sheets, each under a heading that stays in sight; what is None or NaN is an empty cell.

    Text stays text: a cell that begins with `=` is no formula.

    Raises:
        InputError: No xlsxwriter, a table that is longer than a sheet, or a target that exists or cannot be written.
    """
    if not excel_here():
        raise InputError("xlsxwriter, which writes Excel", "an installation without it", f"Run: {install_command('tables')}")
    for name, columns in sheets.items():
        rows = len(next(iter(columns.values()), ()))
        if rows >= _MOST_ROWS:
            raise InputError(f"at most {_MOST_ROWS - 1:,} rows for a sheet of Excel", f"{rows:,} of {name}", "Use the CSV.")
    library: Any = import_module("xlsxwriter")
    with atomic_path(path, force=force) as partial:
        book = library.Workbook(
            str(partial), {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
        )
        book.set_properties({"created": _ALWAYS})
        bold = book.add_format({"bold": True, "bottom": 1})
        for name, columns in sheets.items():
            _fill(book.add_worksheet(name[:_LONGEST_NAME]), columns, bold)
        book.close()


def _fill(sheet: Any, columns: Columns, bold: Any) -> None:
    for place, (heading, values) in enumerate(columns.items()):
        sheet.write_string(0, place, heading, bold)
        widest = len(heading)
        for row, value in enumerate(values, start=1):
            if value is None or (isinstance(value, float) and math.isnan(value)):
                continue
            if isinstance(value, str):
                sheet.write_string(row, place, value)
            elif isinstance(value, bool):
                sheet.write_boolean(row, place, value)
            else:
                sheet.write_number(row, place, value)
            widest = max(widest, len(f"{value:.4g}") if isinstance(value, float) else len(str(value)))
        sheet.set_column(place, place, min(widest, _WIDEST) + 2)
    sheet.freeze_panes(1, 0)
    if columns:
        sheet.autofilter(0, 0, len(next(iter(columns.values()))), len(columns) - 1)
