"""The fields of a dataclass by their names in files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from keyword import iskeyword
from typing import Any


def key_of(name: str) -> str:
    """A field's name in files."""
    return name[:-1] if name.endswith("_") and iskeyword(name[:-1]) else name


def fields_of(kind: Any) -> dict[str, Field[Any]]:
    """The fields that are given, by their names in files."""
    return {key_of(field.name): field for field in fields(kind) if field.init}


def by_field(kind: Any, data: Mapping[str, object]) -> dict[str, object]:
    """The data with the fields' own spelling of their names."""
    known = fields_of(kind)
    return {name if (name := str(key).replace("-", "_")) in known else key: value for key, value in data.items()}
