"""One table says what a muscle is called and how it is drawn."""

from __future__ import annotations

from ifssnet.core.muscles import PARTS, TRICEPS_SURAE, color_of, field_name
from ifssnet.figures.drawing.theme import colors_of


def test_every_synonym_leads_to_its_part_and_to_no_other() -> None:
    words = [word for part in PARTS for word in (part.name.lower(), *part.synonyms)]
    assert len(words) == len(set(words))
    for part in PARTS:
        assert {field_name(word) for word in (part.name, *part.synonyms)} == {part.name}


def test_figures_take_a_part_s_colour_from_the_table() -> None:
    own = {part.name: part.color for part in PARTS if part.color is not None}
    assert tuple(own)[:3] == TRICEPS_SURAE
    assert colors_of(own, {}) == own
    assert color_of("TA", 3) == color_of("nobody knows this muscle", 10)
