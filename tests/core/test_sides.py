"""Two legs in one file are two of each muscle; one leg that says its side is one."""

from __future__ import annotations

import pytest

from ifssnet.core.muscles import color_of, field_name, field_names, in_field_order, side_of


@pytest.mark.parametrize(
    "pair",
    [
        ("soleus left", "soleus right"),
        ("SOL_L", "SOL_R"),
        ("Left Soleus", "Right Soleus"),
        ("SOL links", "SOL rechts"),
        ("soleus (L)", "soleus (R)"),
        ("SoleusLeft", "SoleusRight"),
        ("l-sol", "r-sol"),
        ("Sóleo izquierdo", "Sóleo derecho"),
        ("soleo sinistro", "soleo destro"),
        ("SOL_sx", "SOL_dx"),
        ("SOL li", "SOL re"),
        ("Linkes Bein Soleus", "Rechtes Bein Soleus"),
        ("sóleo esquerdo", "sóleo direito"),
        ("soleus venstre", "soleus højre"),
        ("soleus vänster", "soleus höger"),
        ("soleus linkerbeen", "soleus rechterbeen"),
        ("soleus lewy", "soleus prawy"),
        ("SOL left side", "SOL right side"),
    ],
)
def test_both_sides_stay_apart_however_they_are_said(pair: tuple[str, str]) -> None:
    assert list(field_names(pair).values()) == ["SOL left", "SOL right"]
    assert [field_names([name])[name] for name in pair] == ["SOL", "SOL"]


@pytest.mark.parametrize(
    "pair",
    [("soleo izq", "soleo der"), ("Soléaire G", "Soléaire D"), ("sóleo E", "sóleo D"), ("M. soleus sin.", "M. soleus dex.")],
)
def test_short_words_are_sides_where_both_stand_together(pair: tuple[str, str]) -> None:
    assert list(field_names([*pair, "GM"]).values()) == ["SOL left", "SOL right", "GM"]
    assert field_names(["Kopf der Fibula", "Muscle G"]) == {"Kopf der Fibula": "FIBULA", "Muscle G": "Muscle G"}


def test_names_without_a_side_and_unknown_names_stay() -> None:
    called = field_names(["SOL_L", "SOL_R", "GM", "My muscle left", "GL", "lg"])
    assert called == {
        "SOL_L": "SOL left",
        "SOL_R": "SOL right",
        "GM": "GM",
        "My muscle left": "My muscle left",
        "GL": "GL",
        "lg": "GL",
    }
    assert field_names(called.values()) == {name: name for name in called.values()}


def test_letters_of_muscles_are_no_sides() -> None:
    for name in ("GL", "PL", "LG", "gastrocnemius lateralis", "fibularis longus"):
        assert side_of(name) == ""
    assert field_name("gastrocnemius lateralis left") == "GL"


def test_an_article_is_no_side() -> None:
    assert field_names(["Kopf der Fibula", "SOL_L"]) == {"Kopf der Fibula": "FIBULA", "SOL_L": "SOL"}


def test_order_and_colours_of_sides() -> None:
    assert in_field_order(["GM right", "SOL right", "TA", "SOL left"]) == ["SOL left", "SOL right", "GM right", "TA"]
    assert color_of("SOL left", 3) == color_of("SOL", 0)
    assert len({color_of(name, 0) for name in ("SOL left", "SOL right", "GM left", "GM right")}) == 4
