"""Names of labels that other programs write: tables in a NIfTI extension, and tables that lie beside an image.

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
from ifssnet.core.muscles import PARTS, field_name
from ifssnet.io.plain_data import Json
from ifssnet.io.storage.existing_file import existing_file
from ifssnet.io.storage.plain_files import parse_json
from ifssnet.io.volumes.label_names import names_in_data

MOST_LABELS = 4096
LARGEST_BYTES = 1 << 20
"""Longer than any table of labels that a person made."""

_TABLE = re.compile(r"<LabelTable\b", re.IGNORECASE)
_ENTRY = re.compile(r"<Label\b([^>]{0,400}?)(?:/>|>(.{0,200}?)</Label\s*>)", re.DOTALL | re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_NAMED_LINE = re.compile(r"^\s*[\"']?(\d{1,9})[\"']?\s*(?:[=:,;\t]|\s)\s*([\"']?[^\W\d][^\n]{0,199})$")
_SNAP_LINE = re.compile(
    r"^\s*(\d{1,9})"
    + 3 * r"[\s,;]+(\d{1,3})"
    + r"(?:[\s,;]+[-+\d.]+){1,3}[\s,;]+(\"[^\n]{1,200}\"|'[^\n]{1,200}'|[^\W\d][^\n]{0,199})\s*$",
    re.MULTILINE,
)
_SNAP_HEADING = "ITK-SnAP Label Description File"
_COLOUR_LINE = re.compile(r"^\s*(\d{1,9})\s+(\S[^\n]{0,199}?)" + 4 * r"\s+(\d{1,3})" + r"\s*$", re.MULTILINE)
_SUFFIXES = (".label", ".txt", ".lbl", ".ctbl", ".lut")

_KNOWN = frozenset(part.name for part in PARTS)

Rgb = tuple[int, int, int]


def table_in_extension(content: bytes) -> str | None:
    """The names of labels in a NIfTI extension, as the JSON of `ifss_labels`; None where it holds none.

    They stand in an XML text with `<LabelTable>` (Connectome Workbench), in the XML of AFNI with `VALUE_LABEL_DTABLE`, in
    JSON, in an ITK-SNAP label description, or as lines of a number and a name.
    """
    if len(content) > LARGEST_BYTES:
        return None
    text = _text(content).strip("\0 \t\r\n")
    names: dict[int, str] = {}
    colors: dict[int, Rgb] = {}
    if _TABLE.search(text):
        names, colors = _xml_table(text)
    elif "VALUE_LABEL_DTABLE" in text:
        names = _afni_table(text)
    elif text.startswith("{"):
        names, colors = _json_table(text)
    elif _SNAP_HEADING.lower() in text[:2000].lower():
        names, colors = _snap_lines(text)
    else:
        names = _lines_of_names(text)
    if not names:
        return None
    return json.dumps({"labels": {str(value): name for value, name in names.items()}, "colors": colors})


def _xml_table(text: str) -> tuple[dict[int, str], dict[int, Rgb]]:
    names: dict[int, str] = {}
    colors: dict[int, Rgb] = {}
    for match in list(_ENTRY.finditer(text))[:MOST_LABELS]:
        attributes = {key.lower(): one or other for key, one, other in _ATTRIBUTE.findall(match[1])}
        name = _plain(match[2]) or html.unescape(attributes.get("name", ""))
        key = next((attributes[each] for each in ("key", "index", "value", "id") if each in attributes), "")
        if not (key.isascii() and key.isdigit() and len(key) < 10) or int(key) == 0 or not name:
            continue
        names[int(key)] = name
        red, green, blue = (_level(attributes.get(each, "")) for each in ("red", "green", "blue"))
        if red is not None and green is not None and blue is not None:
            colors[int(key)] = (red, green, blue)
    return names, colors


def _afni_table(text: str) -> dict[int, str]:
    table = re.search(r"<VALUE_LABEL_DTABLE[^>]*>(.*?)</VALUE_LABEL_DTABLE>", html.unescape(text), re.DOTALL)
    pairs = re.findall(r'"(\d{1,9})"\s+"([^"]{1,200})"', table[1])[:MOST_LABELS] if table else []
    return {int(value): name for value, name in pairs if int(value) > 0}


def _json_table(text: str) -> tuple[dict[int, str], dict[int, Rgb]]:
    """Names under `labels`, or in a table that holds nothing else, in any of the forms of a JSON file beside an image."""
    try:
        data = parse_json(text, "names of labels", "a header extension")
        if isinstance(data, Mapping) and "labels" not in data:
            # A table of anything else may have numbers as well.
            data = {"labels": data} if _is_of_names(data) else None
        if data is None:
            return {}, {}
        found = names_in_data(data, "a header extension")
    except InputError:
        return {}, {}
    return dict(found.names), dict(found.colors)


def _is_of_names(data: Mapping[str, Json]) -> bool:
    numbered = all(key.isdigit() and isinstance(entry, str) for key, entry in data.items())
    return numbered or "background" in map(str.lower, data) or any(field_name(key) in _KNOWN for key in data)


def _lines_of_names(text: str) -> dict[int, str]:
    """`1=SOL,2=GM`, or lines such as `1 SOL`; nothing where anything else is among them."""
    listed = "\n" in text
    parts = [part for part in re.split(r"[\n\r]+" if listed else r"[,;]", text) if part.strip()]
    if not listed and not all(re.match(r"\s*\d+\s*[=:]", part) for part in parts):
        return {}
    found = [match for part in parts[:MOST_LABELS] if (match := _NAMED_LINE.match(part)) is not None]
    if len(found) < max(2, min(len(parts), MOST_LABELS)):
        return {}
    names = {int(match[1]): match[2].strip().strip("\"'") for match in found if int(match[1]) > 0}
    return names if len({match[1] for match in found}) == len(found) else {}


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
    return _snap_lines(text)


def _snap_lines(text: str) -> tuple[dict[int, str], dict[int, Rgb]]:
    names: dict[int, str] = {}
    colors: dict[int, Rgb] = {}
    for key, red, green, blue, written in _SNAP_LINE.findall(text)[:MOST_LABELS]:
        name = written[1:-1] if written[0] in "\"'" else written
        if int(key) > 0 and name.strip():
            names[int(key)] = name.strip().replace('\\"', '"')
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


def _plain(text: str | None) -> str:
    inner = re.sub(r"<!\[CDATA\[(.*?)\]\]>", r"\1", text or "", flags=re.DOTALL)
    return html.unescape(inner).strip()


def _level(text: str) -> int | None:
    try:
        return min(max(round(255 * float(text)), 0), 255)
    except (ValueError, OverflowError):
        return None


def used_only(table: Mapping[int, str], used: set[int]) -> dict[int, str]:
    """The names of the values that occur: a description made for many images names what is not there."""
    return {value: name for value, name in table.items() if value in used}
