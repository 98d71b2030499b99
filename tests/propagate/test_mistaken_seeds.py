"""A place drawn under another muscle's name is found, and nothing that is drawn well is."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.errors import InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.propagate.methods import method
from ifssnet.propagate.seeding.mistaken_seeds import describe, find_mistakes
from ifssnet.workflow.leg.case import segment

GRID = Grid((61, 48, 48), (1.0, 1.0, 1.0))
PLACES = (0, 15, 30, 45, 60)


def box(left: int, side: int = 12) -> np.ndarray:
    mask = np.zeros((48, 48), bool)
    mask[18 : 18 + side, left : left + side] = True
    return mask


def drawn(gm: dict[int, np.ndarray] | None = None, gl: dict[int, np.ndarray] | None = None) -> Seeds:
    """Two muscles side by side that move to the right together; some places otherwise."""
    moving = {1: {z: box(4 + z // 15) for z in PLACES}, 2: {z: box(26 + z // 15) for z in PLACES}}
    return Seeds({1: {**moving[1], **(gm or {})}, 2: {**moving[2], **(gl or {})}}, GRID, {1: "GM", 2: "GL"})


def test_what_is_drawn_well_is_no_mistake():
    assert find_mistakes(drawn()) == ()
    # A muscle twice as wide at one place is odd, and nobody else's.
    assert find_mistakes(drawn(gm={30: box(4, side=20)})) == ()


def test_another_muscles_outline_is_named_with_its_slice():
    (mistake,) = find_mistakes(drawn(gm={30: box(28)}))
    assert (mistake.z, mistake.label, mistake.other) == (30, 1, 2)
    assert mistake.own_dice == 0
    assert mistake.other_dice > 0.95
    text = describe(mistake, drawn())
    assert "slice 30" in text
    assert "drawn as GM" in text
    assert "expect GL" in text


def test_two_exchanged_outlines_are_both_named():
    found = find_mistakes(drawn(gm={30: box(28)}, gl={30: box(6)}))
    assert [(each.z, each.label, each.other) for each in found] == [(30, 1, 2), (30, 2, 1)]


def test_a_muscle_that_is_missing_where_another_was_drawn_in_its_place():
    well = drawn()
    wide = {**well.masks[1], 30: well.masks[1][30] | well.masks[2][30]}
    missing = {z: mask for z, mask in well.masks[2].items() if z != 30}
    third = {z: well.masks[2][30] if z == 30 else np.zeros((48, 48), bool) for z in PLACES}
    names = {1: "GM", 2: "GL", 3: "TA"}
    for seeds, label in ((Seeds({1: wide, 2: missing}, GRID, names), 1), (Seeds({2: missing, 3: third}, GRID, names), 3)):
        (mistake,) = find_mistakes(seeds)
        assert (mistake.z, mistake.label, mistake.other, mistake.covered) == (30, label, 2, 1.0)
        assert "where GL is to be expected, and GL is not drawn there" in describe(mistake, seeds)
    # A segment of the whole group covers it everywhere.
    group = {z: mask | well.masks[2][z] for z, mask in well.masks[1].items()}
    assert find_mistakes(Seeds({1: group, 2: missing}, GRID, names)) == ()


def test_outermost_places_and_ones_beside_an_absent_muscle_are_not_judged():
    assert find_mistakes(drawn(gm={60: box(30)})) == ()
    assert find_mistakes(drawn(gm={30: box(28), 45: np.zeros((48, 48), bool)})) == ()


def test_segmenting_warns_of_it():
    with pytest.warns(InputWarning) as told:
        drain(segment(None, drawn(gm={30: box(28)}, gl={30: box(6)}), method("shape-interpolation")))
    assert [str(one.message)[:35] for one in told] == [
        "slice 30: what is drawn as GM lies ",
        "slice 30: what is drawn as GL lies ",
    ]
