"""Names of labels that other programs write: the table in a NIfTI extension, and ITK-SNAP's label description files."""

from __future__ import annotations

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
    r"^\s*(\d{1,9})" + 3 * r"\s+(\d{1,3})" + r'\s+[\d.]+\s+[01]\s+[01]\s+"([^"\n]{1,200})"\s*$', re.MULTILINE
)
_SNAP_HEADING = "ITK-SnAP Label Description File"

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
    """Names and colours from the ITK-SNAP label description that lies beside an image; None where there is none.

    It is `NAME.label` or `NAME.txt` beside `NAME.nii.gz`, else the only such file of the folder.

    Raises:
        InputError: Several label descriptions in the folder, none of them named as the image.
    """
    folder, stem = path.parent, re.sub(r"(\.nii\.gz|\.[A-Za-z0-9]+)$", "", path.name)
    own = [folder / f"{stem}{suffix}" for suffix in (".label", ".txt", "_labels.txt", ".lbl")]
    for file in own:
        if file.is_file() and (found := _snap_file(file)) is not None:
            return (*found, file)
    others = [file for file in sorted(folder.iterdir()) if file.suffix.lower() in (".label", ".txt", ".lbl") and file.is_file()]
    tables = [(file, found) for file in others[:64] if (found := _snap_file(file)) is not None]
    if len(tables) > 1:
        raise InputError(
            f"one ITK-SNAP label description for {path.name}",
            ", ".join(file.name for file, _ in tables[:4]),
            f"Rename the one that belongs to it to {stem}.txt, or name the labels: --names 1=SOL,2=GM.",
        )
    return (*tables[0][1], tables[0][0]) if tables else None


def _snap_file(file: Path) -> tuple[dict[int, str], dict[int, Rgb]] | None:
    try:
        if existing_file(file, "a label description", may_be_empty=True) > LARGEST_BYTES:
            return None
        text = file.read_bytes().decode("utf-8-sig", "replace")
    except (OSError, InputError):
        return None
    if _SNAP_HEADING.lower() not in text[:2000].lower():
        return None
    names: dict[int, str] = {}
    colors: dict[int, Rgb] = {}
    for key, red, green, blue, name in _SNAP_LINE.findall(text)[:MOST_LABELS]:
        if int(key) > 0:
            names[int(key)] = name
            colors[int(key)] = (min(int(red), 255), min(int(green), 255), min(int(blue), 255))
    return names, colors


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
