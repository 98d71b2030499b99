"""Options that another option makes useless are refused, so that nobody believes that they had an effect."""

from __future__ import annotations

from collections.abc import Mapping

from ifssnet.core.errors import InputError


def needs(given: Mapping[str, bool], other: str, there: bool) -> None:
    """Refuse options that mean nothing without another one.

    Args:
        given: Each option, and whether it was given.
        other: What they need, in words.
        there: Whether that is there.

    Raises:
        InputError: One was given without it.
    """
    if not there and (lost := [option for option, is_given in given.items() if is_given]):
        raise InputError(f"{other} with {lost[0]}", f"{lost[0]} alone", f"Leave out {lost[0]}: it would have no effect.")


def exclude(given: Mapping[str, bool], other: str, there: bool) -> None:
    """Refuse options that another one overrules.

    Args:
        given: Each option, and whether it was given.
        other: What overrules them, in words.
        there: Whether that is there.

    Raises:
        InputError: Both were given.
    """
    if there and (lost := [option for option, is_given in given.items() if is_given]):
        raise InputError(f"{lost[0]} or {other}", "both", f"Leave one of them out: {lost[0]} would have no effect.")


def once(options: Mapping[str, str], settings: Mapping[str, object]) -> None:
    """Refuse settings that an option of their own says as well.

    Args:
        options: Each setting that has an option, and the option.
        settings: The settings of `--set`.

    Raises:
        InputError: A setting was given both ways.
    """
    for name, option in options.items():
        exclude({f"--set {name}": name in settings}, option, True)
