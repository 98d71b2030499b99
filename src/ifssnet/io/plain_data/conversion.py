"""Tables to dataclasses and back.

The library is imported by the functions: the help of a command needs the types of plain data alone.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, is_dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data.field_names import by_field, fields_of

if TYPE_CHECKING:
    Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
    """Plain data, as it goes into a file."""
else:
    # An alias that names itself cannot be resolved out of another module's hints at run time.
    Json = object

T = TypeVar("T")

LEFT_OUT: Mapping[str, bool] = types.MappingProxyType({"left_out": True})
"""Metadata of a field that a file holds only where it differs from its default."""


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
    from cattrs.errors import BaseValidationError

    from ifssnet.io.plain_data.converter import CONVERTER
    from ifssnet.io.plain_data.refusal import RefusedError, input_error

    if not isinstance(data, Mapping):
        raise InputError(f"a table for {where}", f"{data!r}"[:80], f"Correct {where}.")
    table = cast("Mapping[str, object]", data)
    if complete:
        _check_complete(kind, table, where)
    try:
        return CONVERTER.structure(_completed(kind, table, base, ignore_unknown), kind)
    except (BaseValidationError, RefusedError) as error:
        raise input_error(error, where) from error


def plain(value: object) -> Json:
    """Plain data out of a typed value: NaN and infinity, for which JSON has no word, become None."""
    from ifssnet.io.plain_data.converter import CONVERTER

    return finite(cast("Json", CONVERTER.unstructure(value)))


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


def _completed(kind: Any, data: Mapping[str, object], base: object, ignore_unknown: bool) -> dict[str, object]:
    """A table with all its fields: a field's default may differ from its class', and what the table leaves out stays so."""
    from ifssnet.io.plain_data.converter import CONVERTER

    if not is_dataclass(kind):
        return dict(data)
    hints, known, given = get_type_hints(kind), fields_of(kind), by_field(kind, data)
    if ignore_unknown:
        given = {name: value for name, value in given.items() if name in known}
    for name, field in known.items():
        if base is not None:
            before = getattr(base, field.name)
            given.setdefault(name, CONVERTER.unstructure(before))
        else:
            before = field.default if field.default_factory is MISSING else field.default_factory()
        inner, value = _dataclass_in(hints[field.name]), given.get(name)
        if inner is not None and isinstance(value, Mapping):
            inner_base = before if isinstance(before, inner) else None
            given[name] = _completed(inner, cast("Mapping[str, object]", value), inner_base, ignore_unknown)
    return given


def _check_complete(kind: Any, data: Mapping[str, object], where: str) -> None:
    """Refuse a table that leaves out a field, also in tables inside.

    Raises:
        InputError: It does.
    """
    hints, given = get_type_hints(kind), by_field(kind, data)
    for name, field in fields_of(kind).items():
        if name not in given:
            raise InputError(f"{name} in {where}", "nothing of that name", f"Add {name}.")
        inner, value = _dataclass_in(hints[field.name]), given[name]
        if inner is not None and isinstance(value, Mapping):
            _check_complete(inner, cast("Mapping[str, object]", value), f"{name} of {where}")


def _dataclass_in(hint: Any) -> type | None:
    """The one dataclass that a hint allows; None where there is none or a choice of several."""
    allowed = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    found = [kind for kind in allowed if is_dataclass(kind)]
    return cast("type", found[0]) if len(found) == 1 else None
