"""Sections of the paper that code, recipes and pages name: there are no others."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECTIONS = {
    "III-A", "III-B", "III-B1", "III-B2", "III-B3", "III-B4", "III-C", "III-C1", "III-C2", "III-C3", "III-C4",
    "IV-A", "IV-A1", "IV-A2", "IV-A3", "IV-B", "IV-C", "IV-C1", "IV-C2",
}  # fmt: skip
"""As the paper numbers them (Al Chanti et al. 2021)."""

WHERE = ("src/ifssnet/**/*.py", "recipes/*.toml", "recipes/*.md", "docs/**/*.md", "README.md")


def test_sections_that_are_named_are_sections_of_the_paper() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {named}"
        for pattern in WHERE
        for path in ROOT.glob(pattern)
        for named in re.findall(r"\b(?:III|IV)-[A-Z]\d?\b", path.read_text(encoding="utf-8"))
        if named not in SECTIONS
    ]
    assert not wrong, wrong


def test_what_the_paper_says_where() -> None:
    """One muscle a network is III-C4, how it is optimised III-C1; both stood elsewhere once."""
    said = {
        "src/ifssnet/train/loop/schedule.py": "(paper, III-C1)",
        "src/ifssnet/propagate/per_muscle.py": "(III-C4)",
        "recipes/paper-full.toml": "one muscle a model (paper, III-C4)",
    }
    for file, words in said.items():
        assert words in (ROOT / file).read_text(encoding="utf-8"), file
