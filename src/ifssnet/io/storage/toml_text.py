"""Plain data as TOML, in an order that does not change.

`tomli-w` was tried: it puts every element of a list on a line of its own, so that a pose becomes 20 lines and every cohort
that exists changes its bytes. The writer below needs 20 lines for what our files hold.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import Json


def toml(table: Mapping[str, Json], path: str = "") -> str:
    """TOML text of nested mappings; a key whose value is None is left out.

    >>> print(toml({"a": 1.5, "b": {"c": "x", "d": [1, 2]}}))
    a = 1.5
    <BLANKLINE>
    [b]
    c = "x"
    d = [1, 2]
    <BLANKLINE>
    """
    plain = [
        f"{_key(key)} = {_value(value)}" for key, value in table.items() if not isinstance(value, Mapping) and value is not None
    ]
    blocks = ["\n".join(plain) + "\n"] if plain else []
    for key, value in table.items():
        if isinstance(value, Mapping):
            name = f"{path}.{_key(key)}" if path else _key(key)
            inner = toml(value, name)
            own = any(not isinstance(v, Mapping) for v in value.values())
            blocks.append(f"[{name}]\n{inner}" if own or not value else inner)
    return "\n".join(blocks)


def set_entry(table: dict[str, Any], names: Sequence[str], text: str) -> None:
    """Set a value in a table of tables; a table that is not there yet is made.

    Args:
        table: What is changed.
        names: The tables from the outermost one, and the value's name; '-' counts as '_'.
        text: The value as TOML has it; what is none is a word.

    Raises:
        InputError: The names lead into a value.

    >>> recipe = {"trainer": {"units": 5}}
    >>> set_entry(recipe, ["trainer", "units"], "500")
    >>> recipe
    {'trainer': {'units': 500}}
    """
    inner = table
    for name in names[:-1]:
        found: object = inner.setdefault(_known_as(inner, name), {})
        if not isinstance(found, dict):
            raise InputError("changes to a value", f"'{'.'.join(names)}', which goes into one", "Correct the name.")
        inner = cast("dict[str, Any]", found)
    inner[_known_as(inner, names[-1])] = _parsed(text)


def _known_as(table: Mapping[str, Any], name: str) -> str:
    """The table's own spelling of a name."""
    return next((key for key in table if key.replace("-", "_") == name.replace("-", "_")), name)


def _parsed(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text


def _key(key: str) -> str:
    bare = key and all(c.isascii() and (c.isalnum() or c in "-_") for c in key)
    return key if bare else json.dumps(key)


def _value(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (int, float)):
        return repr(value)
    assert isinstance(value, Sequence)
    return "[" + ", ".join(_value(entry) for entry in value) + "]"
