"""NAME=VALUE words into settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ifssnet.core.errors import InputError


def given(words: Sequence[str] | None) -> dict[str, Any]:
    """Settings as a mapping; numbers and true/false become what they say.

    Raises:
        InputError: A word without '='.

    >>> given(["sigma_mm=1.5", "plain=true", "smoothing=auto"])
    {'sigma_mm': 1.5, 'plain': True, 'smoothing': 'auto'}
    """
    settings: dict[str, Any] = {}
    for word in words or ():
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise InputError("settings as NAME=VALUE", f"'{word}'", "Write for example --set sigma_mm=1.5.")
        settings[name.strip().replace("-", "_")] = _value(text.strip())
    return settings


def _value(text: str) -> object:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
