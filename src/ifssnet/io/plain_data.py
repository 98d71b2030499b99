"""Plain data (what JSON and TOML hold) to typed values and back, by cattrs: the one place where that happens.

A field of another type than its hint is refused, never converted: `"3"` is no number, `true` is no number, `1.5` is no whole
number. A key that the dataclass does not have is refused. Errors name the field, the file or table, and what was expected.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np
from cattrs import AttributeValidationNote, ClassValidationError, Converter, IterableValidationError, IterableValidationNote
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from ifssnet.core.errors import InputError

if TYPE_CHECKING:
    Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
    """Plain data, as it goes into a file."""
else:
    # An alias that names itself cannot be resolved out of another module's hints at run time.
    Json = object

T = TypeVar("T")

_WORDS: Mapping[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a word in quotation marks"}


class _RefusedError(Exception):
    """A value of another type than its field's."""

    def __init__(self, expected: str, value: object) -> None:
        super().__init__(expected)
        self.expected, self.value = expected, value


def structure(
    kind: type[T],
    data: object,
    where: str,
    base: T | None = None,
    *,
    ignore_unknown: bool = False,
    complete: bool = False,
) -> T:
    """A typed value out of plain data; what a table leaves out stays at its default, also in tables inside.

    Args:
        kind: A dataclass of numbers, words, booleans, tuples, literals, mappings, arrays and such dataclasses.
        data: Plain data; in keys, '-' counts as '_'.
        where: What the data is called, for errors: "[trainer] in anchored.toml".
        base: Where values that the data leaves out come from, instead of the dataclass' defaults.
        ignore_unknown: Leave out keys that the dataclass does not have: for files that others add to.
        complete: Refuse a table that leaves anything out: for files whose values must not change with a default.

    Raises:
        InputError: An unknown field, a missing one, a value of another type, or one that the dataclass refuses.
    """
    if not isinstance(data, Mapping):
        raise InputError(f"a table for {where}", f"{data!r}"[:80], f"Correct {where}.")
    table = cast("Mapping[str, object]", data)
    if complete:
        _check_complete(kind, table, where)
    try:
        return _CONVERTER.structure(_completed(kind, table, base, ignore_unknown), kind)
    except (BaseValidationError, _RefusedError) as error:
        raise _input_error(error, where) from error


def plain(value: object) -> Json:
    """Plain data out of a typed value: NaN and infinity, for which JSON has no word, become None."""
    return finite(cast("Json", _CONVERTER.unstructure(value)))


def plain_table(value: object) -> dict[str, Json]:
    """A dataclass or a mapping as a table of plain data.

    Raises:
        TypeError: Another kind of value.
    """
    table = plain(value)
    if not isinstance(table, dict):
        raise TypeError(f"a dataclass or a mapping, not {type(value).__name__}")
    return table


def finite(value: Json) -> Json:
    """The same data with NaN and infinity as None, for which JSON has no other word."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(entry) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [finite(entry) for entry in value]
    return value


def _fields_of(kind: Any) -> dict[str, Field[Any]]:
    return {field.name: field for field in fields(kind) if field.init}


def _by_field(kind: Any, data: Mapping[str, object]) -> dict[str, object]:
    """The data with the fields' own spelling of their names."""
    known = _fields_of(kind)
    return {name if (name := str(key).replace("-", "_")) in known else key: value for key, value in data.items()}


def _completed(kind: Any, data: Mapping[str, object], base: object, ignore_unknown: bool) -> dict[str, object]:
    """A table with all its fields: a field's default may differ from its class', and what the table leaves out stays so."""
    if not is_dataclass(kind):
        return dict(data)
    hints, known, given = get_type_hints(kind), _fields_of(kind), _by_field(kind, data)
    if ignore_unknown:
        given = {name: value for name, value in given.items() if name in known}
    for name, field in known.items():
        if base is not None:
            before = getattr(base, name)
            given.setdefault(name, _CONVERTER.unstructure(before))
        else:
            before = field.default if field.default_factory is MISSING else field.default_factory()
        inner, value = _dataclass_in(hints[name]), given.get(name)
        if inner is not None and isinstance(value, Mapping):
            inner_base = before if isinstance(before, inner) else None
            given[name] = _completed(inner, cast("Mapping[str, object]", value), inner_base, ignore_unknown)
    return given


def _check_complete(kind: Any, data: Mapping[str, object], where: str) -> None:
    """Refuse a table that leaves out a field, also in tables inside.

    Raises:
        InputError: It does.
    """
    hints, given = get_type_hints(kind), _by_field(kind, data)
    for name in _fields_of(kind):
        if name not in given:
            raise InputError(f"{name} in {where}", "nothing of that name", f"Add {name}.")
        inner, value = _dataclass_in(hints[name]), given[name]
        if inner is not None and isinstance(value, Mapping):
            _check_complete(inner, cast("Mapping[str, object]", value), f"{name} of {where}")


def _dataclass_in(hint: Any) -> type | None:
    """The one dataclass that a hint allows; None where there is none or a choice of several."""
    allowed = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    found = [kind for kind in allowed if is_dataclass(kind)]
    return cast("type", found[0]) if len(found) == 1 else None


def _input_error(error: BaseException, where: str) -> InputError:
    """The first thing that is wrong, in words, with the path to it."""
    path: list[str] = []
    while isinstance(error, ClassValidationError | IterableValidationError):
        first = error.exceptions[0]
        for note in getattr(first, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                path.append(note.name)
            elif isinstance(note, IterableValidationNote):
                path[-1:] = [f"{path[-1] if path else ''}[{note.index}]"]
        error = first
    place = " of ".join([*reversed(path), where])
    if isinstance(error, _RefusedError):
        return InputError(f"{error.expected} for {place}", f"{error.value!r}"[:200], f"Correct {path[-1] if path else where}.")
    if isinstance(error, ForbiddenExtraKeysError):
        names = ", ".join(_fields_of(error.cl)) or "(nothing)"
        wrong = min(error.extra_fields)
        return InputError(f"some of {names} in {place}", f"'{wrong}'", f"Correct {wrong}.")
    if isinstance(error, InputError):
        return InputError(f"{error.expected} in {place}", error.received, error.remedy)
    if isinstance(error, KeyError):
        name = str(error.args[0])
        place = " of ".join([*reversed(path[:-1]), where])
        return InputError(f"{name} in {place}", "nothing of that name", f"Add {name}.")
    return InputError(f"values that go together in {place}", f"'{error}'", "Correct them.")


def _strict(kind: type) -> Callable[[object, object], object]:
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
    refused: list[Exception] = []
    for kind in kinds:
        if kind is not type(None):
            try:
                return _CONVERTER.structure(value, kind)
            except (_RefusedError, BaseValidationError) as error:
                refused.append(error)
    raise refused[0]


def _entries(pairs: Iterable[tuple[Any, object, Any]]) -> list[object]:
    """The values of a list or a mapping, each by its own hint; an error carries the index or key.

    Args:
        pairs: Index or key, value, and hint.
    """
    found: list[object] = []
    for key, value, hint in pairs:
        try:
            found.append(_CONVERTER.structure(value, hint))
        except (_RefusedError, BaseValidationError) as error:
            raise _at_entry(error, key, hint) from error
    return found


def _at_entry(error: Exception, key: Any, hint: Any) -> Exception:
    error.__notes__ = [*getattr(error, "__notes__", []), IterableValidationNote("an entry", key, hint)]
    # Type checkers see the constructor of the built-in group of exceptions, which takes no class.
    return cast("Any", IterableValidationError)("entries", [error], tuple)


def _list(value: object, hint: Any) -> tuple[object, ...] | list[object]:
    if not isinstance(value, list | tuple):
        raise _RefusedError("a list", value)
    given = cast("Sequence[object]", value)
    kinds = get_args(hint)
    if get_origin(hint) is not tuple or (len(kinds) == 2 and kinds[1] is Ellipsis):
        kinds = (kinds[0],) * len(given)
    if len(kinds) != len(given):
        raise _RefusedError(f"a list of {len(kinds)}", given)
    entries = _entries(zip(range(len(kinds)), given, kinds, strict=True))
    return entries if get_origin(hint) is list else tuple(entries)


def _mapping(value: object, hint: Any) -> dict[Any, object]:
    if not isinstance(value, Mapping):
        raise _RefusedError("a table", value)
    of_key, of_value = get_args(hint)
    given = cast("Mapping[Any, object]", value)
    keys = [_whole_number(key) if of_key is int else _CONVERTER.structure(key, of_key) for key in given]
    return dict(zip(keys, _entries((key, each, of_value) for key, each in given.items()), strict=True))


def _whole_number(key: object) -> int:
    """A key as a number: keys of a JSON object are words."""
    try:
        return int(str(key))
    except ValueError as error:
        raise _RefusedError("whole numbers as names", key) from error


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
        raise _RefusedError(expected, value)
    try:
        return numbers.astype(kind)
    except OverflowError as error:
        raise _RefusedError(expected, value) from error


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


def _is_plain(hint: Any) -> bool:
    """Whether a hint allows any plain data, as `Json` does."""
    return hint is Any or hint is object


def _dataclass(kind: type[Any], converter: Converter) -> Callable[[object, object], object]:
    fill = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)

    def structured(value: object, hint: object) -> object:
        if not isinstance(value, Mapping):
            raise _RefusedError("a table", value)
        return fill(_by_field(kind, cast("Mapping[str, object]", value)), cast("Any", hint))

    return structured


def _new_converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)

    def of_dataclass(kind: Any) -> Callable[[object, object], object]:
        return _dataclass(kind, converter)

    converter.register_structure_hook_factory(is_dataclass, of_dataclass)
    for kind in _WORDS:
        converter.register_structure_hook(kind, _strict(kind))
    converter.register_structure_hook_func(_is_plain, lambda value, _: value)
    converter.register_structure_hook_func(lambda hint: get_origin(hint) is Literal, _literal)
    converter.register_structure_hook_func(lambda hint: get_origin(hint) in (Union, types.UnionType), _union)
    converter.register_structure_hook_func(lambda hint: get_origin(hint) in (tuple, list, Sequence), _list)
    converter.register_structure_hook_func(lambda hint: get_origin(hint) in (Mapping, dict), _mapping)
    converter.register_structure_hook_func(_is_array, _array)
    converter.register_unstructure_hook(np.ndarray, lambda array: array.tolist())
    converter.register_unstructure_hook(np.generic, lambda number: number.item())
    converter.register_unstructure_hook(PurePath, str)
    converter.register_unstructure_hook_func(_is_array, lambda array: array.tolist())
    return converter


_CONVERTER = _new_converter()
