"""The library's converter with hooks of our own: nothing is bent into another type."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path, PurePath
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import numpy as np
from cattrs import Converter, IterableValidationError, IterableValidationNote
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from ifssnet.io.plain_data.field_names import by_field, fields_of
from ifssnet.io.plain_data.refusal import RefusedError

_WORDS: Mapping[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a word in quotation marks"}


def _strict(kind: type) -> Callable[[object, object], object]:
    def structured(value: object, _: object) -> object:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, kind) and not (kind is not bool and isinstance(value, bool)):
            return value
        raise RefusedError(_WORDS[kind], value)

    return structured


def _literal(value: object, hint: Any) -> object:
    for each in get_args(hint):
        if value == each and type(value) is type(each):
            return each
    raise RefusedError(" or ".join(repr(each) for each in get_args(hint)), value)


def _union(value: object, hint: Any) -> object:
    """The first kind that takes the value; of several dataclasses the one whose word, such as a `form`, the table has."""
    kinds = get_args(hint)
    if value is None and type(None) in kinds:
        return None
    refused: list[Exception] = []
    for kind in _by_word(value, [kind for kind in kinds if kind is not type(None)]):
        try:
            return CONVERTER.structure(value, kind)
        except (RefusedError, BaseValidationError) as error:
            refused.append(error)
    raise refused[0]


def _by_word(value: object, kinds: Sequence[Any]) -> Sequence[Any]:
    """Those dataclasses that the table can mean: each has a field of the same name whose hint lists words of its own."""
    if len(kinds) < 2 or not isinstance(value, Mapping) or not all(is_dataclass(kind) for kind in kinds):
        return kinds
    table, words = cast("Mapping[str, object]", value), [_words_of(kind) for kind in kinds]
    for name in words[0]:
        if name in table and all(name in each for each in words):
            found = [kind for kind, each in zip(kinds, words, strict=True) if table[name] in each[name]]
            if not found:
                every = " or ".join(repr(word) for each in words for word in each[name])
                raise RefusedError(f"{name} = {every}", table[name])
            return found
    return kinds


def _words_of(kind: Any) -> dict[str, tuple[object, ...]]:
    """The fields of a dataclass that are one of some words."""
    hints = get_type_hints(kind)
    return {
        key: get_args(hints[field.name]) for key, field in fields_of(kind).items() if get_origin(hints[field.name]) is Literal
    }


def _entries(pairs: Iterable[tuple[Any, object, Any]]) -> list[object]:
    """The values of a list or a mapping, each by its own hint; an error carries the index or key.

    Args:
        pairs: Index or key, value, and hint.
    """
    found: list[object] = []
    for key, value, hint in pairs:
        try:
            found.append(CONVERTER.structure(value, hint))
        except (RefusedError, BaseValidationError) as error:
            raise _at_entry(error, key, hint) from error
    return found


def _at_entry(error: Exception, key: Any, hint: Any) -> Exception:
    error.__notes__ = [*getattr(error, "__notes__", []), IterableValidationNote("an entry", key, hint)]
    # Type checkers see the constructor of the built-in group of exceptions, which takes no class.
    return cast("Any", IterableValidationError)("entries", [error], tuple)


def _list(value: object, hint: Any) -> tuple[object, ...] | list[object]:
    if not isinstance(value, list | tuple):
        raise RefusedError("a list", value)
    given = cast("Sequence[object]", value)
    kinds = get_args(hint)
    if get_origin(hint) is not tuple or (len(kinds) == 2 and kinds[1] is Ellipsis):
        kinds = (kinds[0],) * len(given)
    if len(kinds) != len(given):
        raise RefusedError(f"a list of {len(kinds)}", given)
    entries = _entries(zip(range(len(kinds)), given, kinds, strict=True))
    return entries if get_origin(hint) is list else tuple(entries)


def _mapping(value: object, hint: Any) -> dict[Any, object]:
    if not isinstance(value, Mapping):
        raise RefusedError("a table", value)
    of_key, of_value = get_args(hint)
    given = cast("Mapping[Any, object]", value)
    keys = [_whole_number(key) if of_key is int else CONVERTER.structure(key, of_key) for key in given]
    return dict(zip(keys, _entries((key, each, of_value) for key, each in given.items()), strict=True))


def _whole_number(key: object) -> int:
    """A key as a number: keys of a JSON object are words."""
    try:
        return int(str(key))
    except ValueError as error:
        raise RefusedError("whole numbers as names", key) from error


def _array(value: object, hint: Any) -> np.ndarray:
    """A list of numbers as an array, None as NaN."""
    numbers = np.array(value, dtype=object) if _is_regular(value) else None
    if "float64" in hint.dtypes:
        kind, allowed, expected = np.float64, (int, float, type(None)), "a list of numbers"
    elif "int64" in hint.dtypes:
        kind, allowed, expected = np.int64, (int,), "a list of whole numbers"
    else:
        kind, allowed, expected = np.bool_, (bool,), "a list of true and false"
    if numbers is None or not all(type(each) in allowed for each in numbers.flat):
        raise RefusedError(expected, value)
    try:
        return numbers.astype(kind)
    except OverflowError as error:
        raise RefusedError(expected, value) from error


def _is_regular(value: object) -> bool:
    """Whether the lists in a list are equally long, at any depth."""
    if not isinstance(value, list | tuple):
        return False
    try:
        np.shape(cast("Sequence[Any]", value))
    except ValueError:
        return False
    return True


def _is_array(hint: Any) -> bool:
    return getattr(hint, "array_type", None) is np.ndarray


def _path(value: object, _: object) -> Path:
    if not isinstance(value, str):
        raise RefusedError("a path in quotation marks", value)
    return Path(value)


def _is_plain(hint: Any) -> bool:
    """Whether a hint allows any plain data, as `Json` does."""
    return hint is Any or hint is object


def _dataclass(kind: type[Any], converter: Converter) -> Callable[[object, object], object]:
    fill = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True, **_overrides(kind))

    def structured(value: object, hint: object) -> object:
        if not isinstance(value, Mapping):
            raise RefusedError("a table", value)
        return fill(by_field(kind, cast("Mapping[str, object]", value)), cast("Any", hint))

    return structured


def _overrides(kind: Any) -> dict[str, Any]:
    """What the library has to know of a dataclass' fields."""
    return {
        field.name: override(rename=key, omit_if_default=bool(field.metadata.get("left_out")))
        for key, field in fields_of(kind).items()
    }


def _new_converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)

    def of_dataclass(kind: Any) -> Callable[[object, object], object]:
        return _dataclass(kind, converter)

    def to_table(kind: Any) -> Callable[[Any], dict[str, Any]]:
        return make_dict_unstructure_fn(kind, converter, **_overrides(kind))

    converter.register_structure_hook_factory(is_dataclass, of_dataclass)
    converter.register_unstructure_hook_factory(is_dataclass, to_table)
    for kind in _WORDS:
        converter.register_structure_hook(kind, _strict(kind))
    converter.register_structure_hook_func(_is_plain, lambda value, _: value)
    converter.register_structure_hook_func(lambda hint: get_origin(hint) is Literal, _literal)
    converter.register_structure_hook_func(lambda hint: get_origin(hint) in (Union, types.UnionType), _union)
    converter.register_structure_hook_func(lambda hint: get_origin(hint) in (tuple, list, Sequence), _list)
    converter.register_structure_hook_func(lambda hint: get_origin(hint) in (Mapping, dict), _mapping)
    converter.register_structure_hook_func(_is_array, _array)
    converter.register_structure_hook(Path, _path)
    converter.register_unstructure_hook(np.ndarray, lambda array: array.tolist())
    converter.register_unstructure_hook(np.generic, lambda number: number.item())
    converter.register_unstructure_hook(PurePath, str)
    converter.register_unstructure_hook_func(_is_array, lambda array: array.tolist())
    return converter


CONVERTER = _new_converter()
