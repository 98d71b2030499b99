"""The attributes of an XML element, each read once, and a word about those that nobody asked for."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.codecs.numbers import integers, numbers


class ElementAttributes:
    """An element's attributes, each converted on reading; those never asked for are reported at the end."""

    def __init__(self, element: Element, path: Path) -> None:
        self._left = dict(element.attrib)
        self._where = f"{path.name}: {element.tag}"

    def text(self, *names: str) -> str | None:
        """The value under the first of the names that says something (a blank says nothing); the others are read, too."""
        found = [value for name in names if (value := self._left.pop(name, None)) is not None and value.strip()]
        return found[0].strip() if found else None

    def numbers(self, count: int, *names: str) -> tuple[float, ...] | None:
        """A given number of finite numbers, or None where the attribute is absent."""
        text = self.text(*names)
        return None if text is None else numbers(text, count, f"{self._where} {names[0]}")

    def number(self, *names: str) -> float | None:
        """One finite number."""
        values = self.numbers(1, *names)
        return None if values is None else values[0]

    def integers(self, count: int, *names: str) -> tuple[int, ...] | None:
        """A given number of whole numbers."""
        text = self.text(*names)
        return None if text is None else integers(text, count, f"{self._where} {names[0]}")

    def integer(self, *names: str) -> int | None:
        """One whole number."""
        values = self.integers(1, *names)
        return None if values is None else values[0]

    def choice(self, choices: Mapping[str, str], *names: str) -> str | None:
        """What the attribute's word, in any capitals, stands for."""
        text = self.text(*names)
        if text is None:
            return None
        if text.upper() not in choices:
            raise InputError(
                f"{names[0]} to be one of {', '.join(choices)}", f"'{text}' in {self._where}", "Correct the configuration."
            )
        return choices[text.upper()]

    def flag(self, name: str) -> bool | None:
        """ON or OFF, TRUE or FALSE."""
        text = self.choice({"ON": "1", "TRUE": "1", "1": "1", "OFF": "0", "FALSE": "0", "0": "0"}, name)
        return None if text is None else text == "1"

    def report_rest(self) -> None:
        """Warn of every attribute that was not read."""
        for name, value in self._left.items():
            if not value.strip():
                continue
            warnings.warn(
                InputWarning(f'{self._where}: the option {name}="{value}" is not understood and has no effect.'), stacklevel=2
            )
