"""The architecture's page says what the contracts hold."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
LAYERED = {each["containers"][0]: each["layers"] for each in CONTRACTS if each["type"] == "layers"}


def section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def names(layer: str) -> set[str]:
    return {name.strip("() ") for name in layer.split("|")}


def test_the_inner_rooms_are_those_of_the_contracts() -> None:
    items = re.findall(r"^- `(\w+)`: (.*(?:\n  .*)*)$", section("The inner rooms"), re.MULTILINE)
    said = {
        f"ifssnet.{room}": [
            {name.strip().replace(" ", "_") for name in layer.split(",")} for layer in " ".join(words.split()).split("›")
        ]
        for room, words in items
    }
    assert said == {room: [names(layer) for layer in layers] for room, layers in LAYERED.items() if room != "ifssnet"}


def test_the_floors_are_those_of_the_contract() -> None:
    rows = re.findall(r"^\| (\d) \| `(\w+)(?:/|\.py)` \|", section("The floors"), re.MULTILINE)
    said: dict[int, set[str]] = {}
    for floor, room in rows:
        said.setdefault(int(floor), set()).add(room)
    held = [names(layer) - {"__main__"} for layer in LAYERED["ifssnet"]]
    assert [said[floor] for floor in sorted(said, reverse=True)] == [floor for floor in held if floor]


def test_every_room_with_rooms_in_it_has_a_contract() -> None:
    package = REPOSITORY / "src" / "ifssnet"
    rooms = {room.name for room in package.iterdir() if room.is_dir() and any(room.glob("*/__init__.py"))}
    assert {f"ifssnet.{room}" for room in rooms} <= LAYERED.keys()
