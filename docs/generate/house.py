"""Counts the house: files and lines of each room, what lies flat in it, and which rooms it imports.

python docs/generate/house.py            # of the package that is installed, or on PYTHONPATH
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import grimp

PACKAGE = "ifssnet"


@dataclass(frozen=True)
class Room:
    """A folder or a single module below the package."""

    name: str
    files: int
    flat: int
    """Modules that lie in the room itself, not in a room of it."""
    inner: tuple[str, ...]
    lines: int
    imports: tuple[tuple[str, int], ...]
    """Other rooms, with the number of module-to-module imports."""


def room_of(module: str) -> str:
    """The name after the package's.

    >>> room_of("ifssnet.io.codecs.nrrd")
    'io'
    """
    return module.split(".")[1]


def rooms() -> list[Room]:
    """All rooms of the package, by name."""
    graph = grimp.build_graph(PACKAGE)
    source = Path(__import__(PACKAGE).__file__ or "").parent
    modules = sorted(module for module in graph.modules if module != PACKAGE)
    files = {module: source.joinpath(*module.split(".")[1:]).with_suffix(".py") for module in modules}
    leaves = [module for module in modules if files[module].exists()]
    found: list[Room] = []
    for name in sorted({room_of(module) for module in modules}):
        here = [module for module in leaves if room_of(module) == name]
        outgoing = Counter(
            room_of(target)
            for module in here
            for target in graph.find_modules_directly_imported_by(module)
            if target != PACKAGE and room_of(target) != name
        )
        inner = {parts[2] for module in here if len(parts := module.split(".")) > 3}
        found.append(
            Room(
                name=name,
                files=len(here),
                flat=sum(module.count(".") == 2 for module in here),
                inner=tuple(sorted(inner)),
                lines=sum(len(files[module].read_text(encoding="utf-8").splitlines()) for module in here),
                imports=tuple(sorted(outgoing.items())),
            )
        )
    return found


def table(found: list[Room]) -> str:
    """The rooms as a table in Markdown, with a last row of sums."""
    rows = [
        f"| `{room.name}` | {room.files} | {room.flat} | {len(room.inner)} | {room.lines} | "
        f"{sum(count for _, count in room.imports)} to {len(room.imports)} rooms |"
        for room in found
    ]
    totals = f"| all | {sum(r.files for r in found)} | {sum(r.flat for r in found)} | {sum(len(r.inner) for r in found)} | "
    totals += f"{sum(r.lines for r in found)} | {sum(count for room in found for _, count in room.imports)} |"
    head = "| room | files | of these flat | inner rooms | lines | imports of other rooms |\n|---|---|---|---|---|---|"
    return "\n".join([head, *rows, totals])


if __name__ == "__main__":
    print(table(rooms()))
    for room in rooms():
        print(f"{room.name}: {', '.join(room.inner)}" if room.inner else f"{room.name}: -")
