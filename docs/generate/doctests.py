"""An extension of griffe: the examples in docstrings become code blocks, so that their brackets are not read as links."""

from __future__ import annotations

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"(?m)^>>> .*(?:\n(?!\n).*)*")


def fenced(text: str) -> str:
    """Each paragraph that begins with `>>>` between fences."""
    return EXAMPLE.sub(lambda found: f"```pycon\n{found[0]}\n```", text)


class Doctests(griffe.Extension):
    """Rewrites the docstring of everything that is loaded."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """An event of griffe."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
