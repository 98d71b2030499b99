"""One table says what a muscle is called and how it is drawn."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("SOL", "M. soleus; Musculus soleus; Muscle soléaire; sóleo; soleus left leg; SOL_seg; Schollenmuskel rechts"),
        ("GM", "Gastrocnemius (medial head); Caput mediale m. gastrocnemii; Med Gastroc; gasmed_r; jumeau interne"),
        ("GL", "M. gastrocnemius, Caput laterale; GastrocLat; Gastrocnémien latéral; lateral head of the gastrocnemius"),
        ("TA", "M. tibialis anterior; Tib ant"),
    ],
)
def test_a_part_is_known_in_latin_and_other_languages_in_any_order(name: str, texts: str) -> None:
    for text in texts.split("; "):
        assert field_name(text) == name


@pytest.mark.parametrize("text", ["gastrocnemius", "Triceps surae", "SOL 1", "medial head", "GMed", "muscle", ""])
def test_what_could_be_another_part_stays_as_it_is_called(text: str) -> None:
    assert field_name(text) == text
