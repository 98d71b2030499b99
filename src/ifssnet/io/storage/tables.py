"""Tables as CSV, plain or compressed, and as Parquet where pyarrow is installed."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.machine.extras import install_command
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.storage.existing_file import existing_file

Columns = Mapping[str, Sequence[Any]]


def parquet_here() -> bool:
    """Whether Parquet can be written: the extra `tables` is installed."""
    return find_spec("pyarrow") is not None


def write_table(columns: Columns, path: Path, force: bool = False) -> None:
    """Write columns of one length as `.csv`, `.csv.gz` or `.parquet`; NaN is an empty field of a CSV.

    Raises:
        InputError: Another suffix, Parquet without pyarrow, or a target that exists or cannot be written.
    """
    plain = {name: _plain(values) for name, values in columns.items()}
    with atomic_path(path, force=force) as partial:
        if path.name.endswith(".parquet"):
            _write_parquet(plain, partial)
        elif path.name.endswith(".csv.gz"):
            # Without a time stamp and a name, so that the same table is the same file.
            with partial.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as stream:
                stream.write(_csv(plain).encode())
        elif path.name.endswith(".csv"):
            partial.write_text(_csv(plain), encoding="utf-8", newline="")
        else:
            raise InputError("a name that ends in .csv, .csv.gz or .parquet", path.name, "Choose one of these.")


def read_table(path: Path, columns: Sequence[str]) -> dict[str, list[str]]:
    """Read columns of a `.csv` or `.csv.gz` as text.

    Raises:
        InputError: It cannot be read, lacks a column, or a line is not as long as the heading.
    """
    remedy = "Run the evaluation again."
    existing_file(path, "a table", may_be_empty=True)
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.name.endswith(".gz") else raw).decode("utf-8")
        lines = list(csv.reader(io.StringIO(text)))
    except (OSError, EOFError, ValueError, csv.Error) as error:
        raise InputError(f"a table in {path}", f"'{error}'", remedy) from error
    heading = lines[0] if lines else []
    if not set(columns) <= set(heading):
        raise InputError(f"the columns {', '.join(columns)} in {path}", ", ".join(heading) or "none", remedy)
    if any(len(line) != len(heading) for line in lines[1:]):
        raise InputError(f"{len(heading)} values in each line of {path}", "another number", remedy)
    return {name: [line[heading.index(name)] for line in lines[1:]] for name in columns}


def number_of(text: str) -> float:
    """A field of a CSV as a number; an empty one is NaN.

    Raises:
        InputError: It is none.
    """
    try:
        return float(text) if text else math.nan
    except ValueError as error:
        raise InputError("a number", f"'{text}'", "Run the evaluation again.") from error


def _plain(values: Sequence[Any]) -> list[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def _csv(columns: Mapping[str, list[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_field(value) for value in row] for row in zip(*columns.values(), strict=True))
    return out.getvalue()


def _field(value: Any) -> Any:
    return "" if isinstance(value, float) and math.isnan(value) else value


def _write_parquet(columns: Mapping[str, list[Any]], path: Path) -> None:
    if not parquet_here():
        raise InputError("pyarrow, which writes Parquet", "an installation without it", f"Run: {install_command('tables')}")
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    parquet.write_table(arrow.table(dict(columns)), path, compression="zstd")
