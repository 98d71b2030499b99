"""Frozen dataclasses out of tables of plain values, with errors that name the field."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ifssnet.core.errors import InputError

Config = TypeVar("Config")


def build(config: type[Config], table: Mapping[str, Any], where: str, base: Config | None = None) -> Config:
    """A configuration from a table; what the table leaves out stays at its default, and tables inside are built likewise.

    Args:
        config: A dataclass of numbers, words, booleans, tuples, literals and such dataclasses.
        table: Values by the names of the fields; '-' counts as '_'.
        where: What the table is called, for errors: "[trainer] in anchored.toml".
        base: Where values that the table leaves out come from, instead of the dataclass' defaults.

    Raises:
        InputError: An unknown field, a value of another type, or one that the dataclass refuses.
    """
    known: dict[str, Field[Any]] = {field.name: field for field in fields(config) if field.init}  # type: ignore[arg-type]
    hints = get_type_hints(config)
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in known:
            raise InputError(f"some of {', '.join(known) or '(nothing)'} in {where}", f"'{key}'", f"Correct {key}.")
        values[name] = _value(hints[name], value, f"{name} of {where}", _default(known[name], base))
    missing = [n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING and n not in values]
    if missing and base is None:
        raise InputError(f"{missing[0]} in {where}", f"only {', '.join(table) or 'nothing'}", f"Add {missing[0]}.")
    try:
        return config(**values) if base is None else replace(base, **values)  # type: ignore[type-var]
    except InputError as error:
        raise InputError(f"{error.expected} in {where}", error.received, error.remedy) from error
    except (TypeError, ValueError) as error:
        raise InputError(f"values that go together in {where}", f"'{error}'", "Correct them.") from error


def _default(field: Field[Any], base: object | None) -> Any:
    if base is not None:
        return getattr(base, field.name)
    return field.default if field.default_factory is MISSING else field.default_factory()


def _value(hint: Any, value: Any, where: str, before: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        if value in arguments and type(value) in {type(each) for each in arguments}:
            return value
        raise _refused(" or ".join(repr(each) for each in arguments), where, value)
    if origin in (Union, types.UnionType):
        return _one_of(arguments, value, where, before)
    if origin is tuple:
        return _tuple(arguments, value, where)
    if isinstance(hint, type) and is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise _refused("a table", where, value)
        # A field's default may differ from its class': what the table leaves out stays as the field has it.
        return build(hint, value, where, before if isinstance(before, hint) else None)
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a word in quotation marks"}
    if hint is Any or (hint is type(None) and value is None):
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in names and isinstance(value, hint) and not (hint is not bool and isinstance(value, bool)):
        return value
    raise _refused(names.get(hint, str(hint)), where, value)


def _one_of(arguments: Sequence[Any], value: Any, where: str, before: Any) -> Any:
    """The first kind that takes the value."""
    refused: InputError | None = None
    for each in sorted(arguments, key=lambda kind: not isinstance(before, kind) if isinstance(kind, type) else True):
        try:
            return _value(each, value, where, before)
        except InputError as error:
            refused = refused or error
    assert refused is not None
    raise refused


def _tuple(arguments: Sequence[Any], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _refused("a list", where, value)
    kinds = [arguments[0]] * len(value) if len(arguments) == 2 and arguments[1] is Ellipsis else list(arguments)
    if len(kinds) != len(value):
        raise _refused(f"a list of {len(kinds)}", where, value)
    name, of, table = where.partition(" of ")
    places = [f"{name}[{place}]{of}{table}" for place in range(len(kinds))]
    return tuple(_value(kind, each, place, None) for kind, each, place in zip(kinds, value, places, strict=True))


def _refused(expected: str, where: str, value: Any) -> InputError:
    name = where.split(" of ", maxsplit=1)[0]
    return InputError(f"{expected} for {where}", f"{value!r}", f"Correct {name}.")
