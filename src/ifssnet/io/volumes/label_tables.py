"""Names of labels that other programs write: the table in a NIfTI extension, and tables that lie beside an image.

The latter are ITK-SNAP's label descriptions and colour tables with a number, a name and a colour a line, as 3D Slicer
(`.ctbl`) and FreeSurfer write them.
"""

from __future__ import annotations

import codecs
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.io.storage.existing_file import existing_file

MOST_LABELS = 4096
LARGEST_BYTES = 1 << 20
"""Longer than any table of labels that a person made."""

_ENTRY = re.compile(rb"<Label\b([^>]{0,400})>(.{0,200}?)</Label>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\w+)\s*=\s*"([^"]*)"')
_SNAP_LINE = re.compile(
    r"^\s*(\d{1,9})" + 3 * r"\s+(\d{1,3})" + r'\s+[\d.]+\s+[01]\s+[01]\s+"([^\n]{1,200})"\s*$', re.MULTILINE
)
_SNAP_HEADING = "ITK-SnAP Label Description File"
_COLOUR_LINE = re.compile(r"^\s*(\d{1,9})\s+(\S[^\n]{0,199}?)" + 4 * r"\s+(\d{1,3})" + r"\s*$", re.MULTILINE)
_SUFFIXES = (".label", ".txt", ".lbl", ".ctbl", ".lut")

Rgb = tuple[int, int, int]


def table_in_extension(content: bytes) -> str | None:
    """The label table of a NIfTI extension, an XML text with `<LabelTable>`, as the JSON of `ifss_labels`; None without one."""
    if b"<LabelTable" not in content or len(content) > LARGEST_BYTES:
        return None
    names: dict[str, str] = {}
    colors: dict[str, list[int]] = {}
    for match in list(_ENTRY.finditer(content))[:MOST_LABELS]:
        attributes = dict(_ATTRIBUTE.findall(match[1].decode("utf-8", "replace")))
        name = _plain(match[2].decode("utf-8", "replace"))
        key = attributes.get("Key", "")
        if not (key.isascii() and key.isdigit() and len(key) < 10) or int(key) == 0 or not name:
            continue
        names[str(int(key))] = name
        color = [_level(attributes.get(each, "")) for each in ("Red", "Green", "Blue")]
        if None not in color:
            colors[str(int(key))] = [level for level in color if level is not None]
    return json.dumps({"labels": names, "colors": colors}) if names else None


def snap_table(path: Path) -> tuple[dict[int, str], dict[int, Rgb], Path] | None:
    """Names and colours from the ITK-SNAP label description or the colour table that lies beside an image; None without one.

    It is `NAME.label`, `NAME.txt` or `NAME.ctbl` beside `NAME.nii.gz`, else the only such file of the folder.

    Raises:
        InputError: Several of them in the folder, none of them named as the image.
    """
    folder, stem = path.parent, re.sub(r"(\.nii\.gz|\.[A-Za-z0-9]+)$", "", path.name)
    own = [folder / f"{stem}{suffix}" for suffix in (*_SUFFIXES, "_labels.txt")]
    for file in own:
        if file.is_file() and (found := _snap_file(file)) is not None:
            return (*found, file)
    others = [file for file in sorted(folder.iterdir()) if file.suffix.lower() in _SUFFIXES and file.is_file()]
    tables = [(file, found) for file in others[:64] if (found := _snap_file(file)) is not None]
    if len(tables) > 1:
        raise InputError(
            f"one ITK-SNAP label description or colour table for {path.name}",
            ", ".join(file.name for file, _ in tables[:4]),
            f"Rename the one that belongs to it to {stem}.txt, or name the labels: --names 1=SOL,2=GM.",
        )
    return (*tables[0][1], tables[0][0]) if tables else None


def _snap_file(file: Path) -> tuple[dict[int, str], dict[int, Rgb]] | None:
    try:
        if existing_file(file, "a label description", may_be_empty=True) > LARGEST_BYTES:
            return None
        text = _text(file.read_bytes())
    except (OSError, InputError):
        return None
    if _SNAP_HEADING.lower() not in text[:2000].lower():
        return _colour_table(text) if file.suffix.lower() in (".ctbl", ".lut", ".txt") else None
    names: dict[int, str] = {}
    colors: dict[int, Rgb] = {}
    for key, red, green, blue, name in _SNAP_LINE.findall(text)[:MOST_LABELS]:
        if int(key) > 0:
            names[int(key)] = name.replace('\\"', '"')
            colors[int(key)] = (_byte(red), _byte(green), _byte(blue))
    return names, colors


def _colour_table(text: str) -> tuple[dict[int, str], dict[int, Rgb]] | None:
    """A table of number, name, red, green, blue and opacity; None where a line that is no remark is of another form."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = [match for line in lines[:MOST_LABELS] if (match := _COLOUR_LINE.match(line)) is not None]
    if not found or len(found) < min(len(lines), MOST_LABELS):
        return None
    rows = {int(match[1]): match for match in found if int(match[1]) > 0}
    # 3D Slicer writes the blanks of a name as underscores.
    names = {value: match[2].strip().strip('"').replace("_", " ") for value, match in rows.items()}
    return names, {value: (_byte(match[3]), _byte(match[4]), _byte(match[5])) for value, match in rows.items()}


def _text(content: bytes) -> str:
    """What a text file says, in the encodings of Windows' editors as well."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _byte(digits: str) -> int:
    return min(int(digits), 255)


def _plain(text: str) -> str:
    inner = re.sub(r"<!\[CDATA\[(.*?)\]\]>", r"\1", text, flags=re.DOTALL)
    return html.unescape(inner).strip()


def _level(text: str) -> int | None:
    try:
        return min(max(round(255 * float(text)), 0), 255)
    except (ValueError, OverflowError):
        return None


def used_only(table: Mapping[int, str], used: set[int]) -> dict[int, str]:
    """The names of the values that occur: a description made for many images names what is not there."""
    return {value: name for value, name in table.items() if value in used}
