"""Why a value is refused, in words for whoever wrote the file."""

from __future__ import annotations

from cattrs import AttributeValidationNote, ClassValidationError, IterableValidationError, IterableValidationNote
from cattrs.errors import ForbiddenExtraKeysError

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data.field_names import fields_of, key_of


class RefusedError(Exception):
    """A value of another type than its field's."""

    def __init__(self, expected: str, value: object) -> None:
        super().__init__(expected)
        self.expected, self.value = expected, value


def input_error(error: BaseException, where: str) -> InputError:
    """The first thing that is wrong, in words, with the path to it."""
    path: list[str] = []
    while isinstance(error, ClassValidationError | IterableValidationError):
        first = error.exceptions[0]
        for note in getattr(first, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                path.append(key_of(note.name))
            elif isinstance(note, IterableValidationNote):
                path[-1:] = [f"{path[-1] if path else ''}[{note.index}]"]
        error = first
    place = " of ".join([*reversed(path), where])
    if isinstance(error, RefusedError):
        return InputError(f"{error.expected} for {place}", f"{error.value!r}"[:200], f"Correct {path[-1] if path else where}.")
    if isinstance(error, ForbiddenExtraKeysError):
        names = ", ".join(fields_of(error.cl)) or "(nothing)"
        wrong = min(error.extra_fields)
        return InputError(f"some of {names} in {place}", f"'{wrong}'", f"Correct {wrong}.")
    if isinstance(error, InputError):
        return InputError(f"{error.expected} in {place}", error.received, error.remedy)
    if isinstance(error, KeyError):
        name = str(error.args[0])
        place = " of ".join([*reversed(path[:-1]), where])
        return InputError(f"{name} in {place}", "nothing of that name", f"Add {name}.")
    return InputError(f"values that go together in {place}", f"'{error}'", "Correct them.")
