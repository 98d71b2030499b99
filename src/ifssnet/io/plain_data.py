"""Plain data (what JSON and TOML hold) to typed values and back, by cattrs: the one place where that happens.

A field of another type than its hint is refused, never converted: `"3"` is no number, `true` is no number, `1.5` is no whole
number. A key that the dataclass does not have is refused. Errors name the field, the file or table, and what was expected.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import PurePath
from typing import Any, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np
from cattrs import AttributeValidationNote, ClassValidationError, Converter, IterableValidationError, IterableValidationNote
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from ifssnet.core.errors import InputError

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
"""Plain data, as it goes into a file."""

T = TypeVar("T")

_WORDS: Mapping[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a word in quotation marks"}


class _RefusedError(Exception):
    """A value of another type than its field's."""

    def __init__(self, expected: str, value: object) -> None:
        super().__init__(expected)
        self.expected, self.value = expected, value


def structure(kind: type[T], data: object, where: str, base: T | None = None) -> T:
    """A typed value out of plain data; what a table leaves out stays at its default, also in tables inside.

    Args:
        kind: A dataclass of numbers, words, booleans, tuples, literals, mappings, arrays and such dataclasses.
        data: Plain data; in keys, '-' counts as '_'.
        where: What the data is called, for errors: "[trainer] in anchored.toml".
        base: Where values that the data leaves out come from, instead of the dataclass' defaults.

    Raises:
        InputError: An unknown field, a missing one, a value of another type, or one that the dataclass refuses.
    """
    if not isinstance(data, Mapping):
        raise InputError(f"a table for {where}", f"{data!r}"[:80], f"Correct {where}.")
    try:
        return _CONVERTER.structure(_completed(kind, cast("Mapping[str, object]", data), base), kind)
    except BaseValidationError as error:
        raise _told(error, where) from error


def plain(value: object) -> Json:
    """Plain data out of a typed value: NaN and infinity, for which JSON has no word, become None."""
    return finite(cast("Json", _CONVERTER.unstructure(value)))


def plain_table(value: object) -> dict[str, Json]:
    """A dataclass or a mapping as a table of plain data.

    Raises:
        TypeError: Another kind of value.
    """
    found = plain(value)
    if not isinstance(found, dict):
        raise TypeError(f"a dataclass or a mapping, not {type(value).__name__}")
    return cast("dict[str, Json]", found)


def finite(value: Json) -> Json:
    """The same data with NaN and infinity as None, for which JSON has no other word."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(entry) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [finite(entry) for entry in value]
    return value


def _completed(kind: Any, data: Mapping[str, object], base: object) -> dict[str, object]:
    """A table with all its fields: a field's default may differ from its class', and what the table leaves out stays so."""
    if not is_dataclass(kind):
        return dict(data)
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind) if field.init}
    given = {key.replace("-", "_") if key.replace("-", "_") in known else key: value for key, value in data.items()}
    for name, field in known.items():
        if base is not None:
            before = getattr(base, name)
        else:
            before = field.default if field.default_factory is MISSING else field.default_factory()
        if name not in given:
            if base is not None:
                given[name] = _CONVERTER.unstructure(before)
            continue
        inner, value = _dataclass_in(hints[name]), given[name]
        if inner is not None and isinstance(value, Mapping):
            given[name] = _completed(inner, cast("Mapping[str, object]", value), before if isinstance(before, inner) else None)
    return given


def _dataclass_in(hint: Any) -> type | None:
    """The one dataclass that a hint allows; None where there is none or a choice of several."""
    found = [
        kind for kind in (get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)) if is_dataclass(kind)
    ]
    return cast("type", found[0]) if len(found) == 1 else None


def _told(error: BaseException, where: str) -> InputError:
    """The first thing that is wrong, with the place of it."""
    path: list[str] = []
    while isinstance(error, ClassValidationError | IterableValidationError):
        first = error.exceptions[0]
        for note in getattr(first, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                path.append(str(note.name))
            elif isinstance(note, IterableValidationNote):
                path[-1:] = [f"{path[-1] if path else ''}[{note.index}]"]
        error = first
    place = " of ".join([*reversed(path), where])
    if isinstance(error, _RefusedError):
        return InputError(f"{error.expected} for {place}", f"{error.value!r}"[:200], f"Correct {path[-1] if path else where}.")
    if isinstance(error, ForbiddenExtraKeysError):
        names = ", ".join(field.name for field in fields(cast("Any", error.cl)) if field.init) or "(nothing)"
        wrong = min(error.extra_fields)
        return InputError(f"some of {names} in {place}", f"'{wrong}'", f"Correct {wrong}.")
    if isinstance(error, InputError):
        return InputError(f"{error.expected} in {place}", error.received, error.remedy)
    if isinstance(error, KeyError):
        name = str(error.args[0])
        place = " of ".join([*reversed(path[:-1]), where])
        return InputError(f"{name} in {place}", "nothing of that name", f"Add {name}.")
    return InputError(f"values that go together in {place}", f"'{error}'", "Correct them.")


def _strict(kind: type) -> Any:
    def structured(value: object, _: object) -> object:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, kind) and not (kind is not bool and isinstance(value, bool)):
            return value
        raise _RefusedError(_WORDS[kind], value)

    return structured


def _literal(value: object, hint: Any) -> object:
    for each in get_args(hint):
        if value == each and type(value) is type(each):
            return each
    raise _RefusedError(" or ".join(repr(each) for each in get_args(hint)), value)


def _union(value: object, hint: Any) -> object:
    """The first kind that takes the value."""
    kinds = get_args(hint)
    if value is None and type(None) in kinds:
        return None
    refused: BaseException | None = None
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return _CONVERTER.structure(value, kind)
        except (_RefusedError, BaseValidationError) as error:
            refused = refused or error
    assert refused is not None
    raise refused


def _tuple(value: object, hint: Any) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise _RefusedError("a list", value)
    given = cast("Sequence[object]", value)
    kinds = get_args(hint)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(given)
    if len(kinds) != len(given):
        raise _RefusedError(f"a list of {len(kinds)}", given)
    wrong: list[Exception] = []
    found: list[object] = []
    for index, (kind, each) in enumerate(zip(kinds, given, strict=True)):
        try:
            found.append(_CONVERTER.structure(each, kind))
        except (_RefusedError, BaseValidationError) as error:
            error.__notes__ = [*getattr(error, "__notes__", []), IterableValidationNote(f"place {index}", index, kind)]
            wrong.append(error)
    if wrong:
        raise IterableValidationError("a list", wrong, tuple)
    return tuple(found)


def _mapping(value: object, hint: Any) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise _RefusedError("a table", value)
    of_key, of_value = get_args(hint)
    given = cast("Mapping[Any, object]", value)
    # Keys of a JSON object are words: numbers among them come back as numbers.
    return {int(key) if of_key is int else key: _CONVERTER.structure(each, of_value) for key, each in given.items()}


def _array(value: object, hint: Any) -> Any:
    """A list of numbers as an array, None as NaN."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _RefusedError("a list of numbers", value)
    try:
        return np.array(value, dtype=np.float64 if "float64" in hint.dtypes else np.int64)
    except (TypeError, ValueError) as error:
        raise _RefusedError("a list of numbers", value) from error


def _dataclass(kind: Any, converter: Converter) -> Any:
    fill = cast("Any", make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True))

    def structured(value: object, hint: object) -> object:
        if not isinstance(value, Mapping):
            raise _RefusedError("a table", value)
        return fill(value, hint)

    return structured


def _is_array(hint: Any) -> bool:
    return getattr(hint, "array_type", None) is np.ndarray


def _made() -> Converter:
    made = Converter(forbid_extra_keys=True)
    made.register_structure_hook_factory(is_dataclass, lambda kind: _dataclass(kind, made))
    for kind in _WORDS:
        made.register_structure_hook(kind, _strict(kind))
    made.register_structure_hook_func(lambda hint: hint is Any, lambda value, _: value)
    made.register_structure_hook_func(lambda hint: get_origin(hint) is Literal, _literal)
    made.register_structure_hook_func(lambda hint: get_origin(hint) in (Union, types.UnionType), _union)
    made.register_structure_hook_func(lambda hint: get_origin(hint) is tuple, _tuple)
    made.register_structure_hook_func(lambda hint: get_origin(hint) in (Mapping, dict), _mapping)
    made.register_structure_hook_func(_is_array, _array)
    made.register_unstructure_hook(np.ndarray, lambda array: array.tolist())
    made.register_unstructure_hook(np.generic, lambda number: number.item())
    made.register_unstructure_hook(PurePath, str)
    made.register_unstructure_hook(tuple, lambda values: [made.unstructure(each) for each in values])
    made.register_unstructure_hook_func(_is_array, lambda array: array.tolist())
    return made


_CONVERTER = _made()
