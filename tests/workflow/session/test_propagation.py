"""Propagation within a session: what is filled, what stays to the bit, cancelling, and which method serves a gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from cone import GM, SHAPE, SOL, cone, cylinder, draw_all, drawn, new_session, truth

from ifssnet.core.errors import InputError
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.progress import Step, drain
from ifssnet.propagate.interpolation.shape_interpolation import ShapePropagation
from ifssnet.workflow.session.events import EndsMarked, HiddenSlice, Interval, SlicesAccepted
from ifssnet.workflow.session.hidden_slices import better_method, check, dice_of
from ifssnet.workflow.session.methods import INTERPOLATION, Methods
from ifssnet.workflow.session.propagation import propagate
from ifssnet.workflow.session.session import Session, now

METHODS = Methods()


def shown(session: Session) -> dict[tuple[int, int], PackedMask | None]:
    return {(label, z): session.state.mask(label, z) for label in (SOL, GM) for z in range(SHAPE[0])}


def test_everything_between_drawn_slices_is_filled_and_no_pixel_is_two_muscles(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, 0, 20, 40)
        last = list(propagate(session, METHODS, method=INTERPOLATION))[-1]
        assert (last.done, last.total) == (2 * 38, 2 * 38)
        assert session.state.stale(SOL) == session.state.stale(GM) == ()
        found = session.state.label_map().array
        for label in (SOL, GM):
            true = truth().array == label
            assert 2 * ((found == label) & true).sum() / ((found == label).sum() + true.sum()) > 0.97
        assert all(session.state.mask(SOL, z) == PackedMask.of(cone(z)) for z in (0, 20, 40))


def test_after_a_correction_only_the_intervals_beside_it_change(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, 0, 10, 20, 30, 40)
        drain(propagate(session, METHODS, method=INTERPOLATION))
        before = shown(session)
        smaller = cone(25) & np.roll(cone(25), 2, axis=1)
        session.apply(drawn(SOL, 25, smaller))
        drain(propagate(session, METHODS, method=INTERPOLATION))
        after = shown(session)
        changed = {place for place in after if after[place] != before[place]}
        assert {label for label, _ in changed} == {SOL}
        assert {z for _, z in changed} == set(range(21, 30))
        assert session.state.stale(SOL) == ()


def test_a_muscle_that_is_drawn_better_takes_its_pixels_from_an_older_proposal(tmp_path: Path) -> None:
    """Where one muscle was drawn too large, more slices of its neighbour have to help and not to be cut by it."""
    with new_session(tmp_path) as session:
        both = cone(0) | cylinder(0)
        session.apply(*(drawn(SOL, z, both) for z in (0, 40)), *(drawn(GM, z) for z in (20,)))
        session.apply(EndsMarked(now(), "expert", GM, 10, 30))
        drain(propagate(session, METHODS, method=INTERPOLATION))
        older = session.state.muscles[SOL].proposals[22]
        session.apply(drawn(GM, 15), drawn(GM, 25))
        drain(propagate(session, METHODS, method=INTERPOLATION, intervals=[Interval(GM, 20, 25), Interval(GM, 15, 20)]))
        found = session.state.mask(GM, 22)
        assert found is not None
        assert dice_of(found, PackedMask.of(cylinder(22))) > 0.9
        assert session.state.muscles[SOL].proposals[22] == older
        theirs = session.state.mask(SOL, 22)
        assert theirs is not None
        assert not (theirs.array() & found.array()).any()


def test_there_is_no_seam_beside_a_drawn_slice(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, 0, 20, 40)
        drain(propagate(session, METHODS, method=INTERPOLATION))
        masks = [session.state.mask(SOL, z) for z in range(41)]
        steps = [dice_of(one, other) for one, other in pairwise(masks) if one and other]
        true = [dice_of(PackedMask.of(cone(z)), PackedMask.of(cone(z + 1))) for z in range(40)]
        # From a drawn slice to its neighbour the muscle changes as the true one does there, or anywhere.
        for z in (0, 19, 20, 39):
            assert steps[z] >= min(*true, true[z]) - 0.01


def test_cancelling_keeps_what_came_and_the_rest_is_found_later(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, 0, 20, 40)
        work = propagate(session, METHODS, method=INTERPOLATION)
        next(work)
        assert session.state.run is not None
        work.close()
        assert session.state.run is None
        came = [z for z in range(41) if z in session.state.muscles[SOL].proposals]
        assert came
        assert session.state.stale(SOL) or session.state.stale(GM)
        drain(propagate(session, METHODS, method=INTERPOLATION))
        assert session.state.stale(SOL) == session.state.stale(GM) == ()


def test_it_begins_near_the_slice_that_the_expert_looks_at(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        session.apply(*(drawn(SOL, z) for z in (0, 10, 20, 30, 40)))
        work = propagate(session, METHODS, method=INTERPOLATION, near=34)
        assert session.state.run is None
        next(work)
        assert session.state.run is not None
        assert session.state.run.intervals[0] == Interval(SOL, 30, 40)
        work.close()


def test_every_gap_is_filled_anew_where_that_is_asked_for(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        session.apply(*(drawn(SOL, z) for z in (0, 30, 40)))
        drain(propagate(session, METHODS, method=INTERPOLATION))
        with pytest.raises(InputError, match="slices to propagate to"):
            drain(propagate(session, METHODS, method=INTERPOLATION))
        first = session.state.muscles[SOL].proposals
        drain(propagate(session, METHODS, method=INTERPOLATION, again=True))
        assert {proposal.run for proposal in first.values()} == {1}
        assert {proposal.run for proposal in session.state.muscles[SOL].proposals.values()} == {2}
        assert session.state.stale(SOL) == ()


def test_where_the_expert_looked_does_not_change_the_result(tmp_path: Path) -> None:
    found: list[dict[tuple[int, int], PackedMask | None]] = []
    for near in (None, 34):
        with new_session(tmp_path / f"{near}") as session:
            draw_all(session, 0, 10, 20, 30, 40)
            work = propagate(session, METHODS, method=INTERPOLATION, near=near, front=GM)
            if near is not None:
                # The muscle and slice in front of the expert are there at once, for the time being.
                assert next(work).done == 0
                assert [(each, list(muscle.proposals)) for each, muscle in session.state.muscles.items()][1] == (GM, [34])
                assert session.state.muscles[GM].proposals[34].provisional
            first = next(work)
            came = {z for each in session.state.muscles.values() for z, one in each.proposals.items() if not one.provisional}
            assert first.done == len(came) * 2
            assert (came <= set(range(31, 40))) == (near is not None)
            drain(work)
            assert not any(each.provisional for muscle in session.state.muscles.values() for each in muscle.proposals.values())
            found.append(shown(session))
    assert found[0] == found[1]


def test_hiding_a_slice_asks_a_method_for_that_slice_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[int, set[int]]] = []
    own = ShapePropagation.steps_on

    def noted(self: ShapePropagation, wanted: dict[int, set[int]]) -> Iterator[Step]:
        asked.append(wanted)
        return own(self, wanted)

    monkeypatch.setattr(ShapePropagation, "steps_on", noted)
    with new_session(tmp_path) as session:
        draw_all(session, 0, 10, 20, 30, 40)
        drain(check(session, METHODS, SOL, (INTERPOLATION,)))
    # Windows begin with the second drawn slice below: hidden slices 10, 20 and 30 of windows from 0, 0 and 10.
    assert asked == [{SOL: {10}}, {SOL: {20}}, {SOL: {20}}]


def test_with_nothing_to_do_it_says_so(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        with pytest.raises(InputError, match="slices to propagate to"):
            drain(propagate(session, METHODS))
        session.apply(drawn(SOL, 3))
        with pytest.raises(InputError, match="slices to propagate to"):
            drain(propagate(session, METHODS))


def test_a_method_that_there_is_not_leaves_no_run_behind(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, 0, 40)
        with pytest.raises(InputError):
            drain(propagate(session, METHODS, method="nonsense"))
        assert session.state.run is None


def test_a_propagated_mask_takes_no_pixel_that_is_another_muscles(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        wide = cylinder(20)
        wide[:, 20:] = True
        session.apply(drawn(SOL, 0), drawn(SOL, 40), drawn(GM, 20, wide & ~cone(40)))
        drain(propagate(session, METHODS, method=INTERPOLATION))
        sol, gm = session.state.mask(SOL, 20), session.state.mask(GM, 20)
        assert sol is not None
        assert gm == PackedMask.of(wide & ~cone(40))
        assert not (sol.array() & gm.array()).any()


def test_an_accepted_slice_stays_and_says_how_the_next_propagation_looks(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        session.apply(drawn(SOL, 0), drawn(SOL, 40))
        drain(propagate(session, METHODS, method=INTERPOLATION))
        session.apply(SlicesAccepted(now(), "expert", SOL, (20,)))
        kept = session.state.mask(SOL, 20)
        session.apply(drawn(SOL, 40, cone(40) & np.roll(cone(40), 3, axis=1)))
        drain(propagate(session, METHODS, method=INTERPOLATION))
        assert session.state.mask(SOL, 20) == kept
        near, beyond = session.state.mask(SOL, 19), kept
        assert near is not None
        assert beyond is not None
        assert dice_of(near, beyond) > 0.95


def test_a_marked_end_is_filled_up_to(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        session.apply(drawn(GM, 10), drawn(GM, 30), EndsMarked(now(), "expert", GM, 5, 36))
        drain(propagate(session, METHODS, method=INTERPOLATION))
        areas = session.state.area_px(GM)
        assert min(z for z, area in areas.items() if area) >= 5
        assert max(z for z, area in areas.items() if area) <= 36
        assert areas[7] > 0 < areas[33]


def test_hidden_slices_tell_which_method_is_better_in_a_gap(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, 0, 10, 20, 30, 40)
        drain(check(session, METHODS, SOL, (INTERPOLATION, "zero-order")))
        hidden = session.state.muscles[SOL].hidden
        assert [each.z for each in hidden] == [10, 20, 30]
        for each in hidden:
            dice = dict(each.dice)
            # What zero-order holds is the smaller of two circles; the curve between them foretells this one.
            assert dice[INTERPOLATION] > 0.95 > dice["zero-order"]
        muscle = session.state.muscles[SOL]
        assert better_method(muscle, Interval(SOL, 10, 20), "zero-order") == INTERPOLATION
        assert better_method(muscle, Interval(SOL, 10, 20), INTERPOLATION) == INTERPOLATION


def test_what_is_hidden_is_not_shown(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        session.apply(*(drawn(SOL, z) for z in (0, 10, 30, 40)))
        session.apply(drawn(SOL, 20, np.roll(cone(20), 12, axis=1)))
        drain(check(session, METHODS, SOL, (INTERPOLATION,)))
        (middle,) = (each for each in session.state.muscles[SOL].hidden if each.z == 20)
        assert dict(middle.dice)[INTERPOLATION] < 0.6


def test_the_default_gives_way_for_a_worthwhile_gain_only() -> None:
    from ifssnet.workflow.session.state import MuscleState

    muscle = MuscleState("SOL", (0, 0, 0))
    gap = Interval(SOL, 10, 20)
    assert better_method(muscle, gap, "a") == "a"
    scores = (HiddenSlice(10, (("a", 0.900), ("b", 0.902)), (), 1.0), HiddenSlice(20, (("a", 0.900), ("b", 0.902)), (), 1.0))
    assert better_method(replace(muscle, hidden=scores), gap, "a") == "a"
    better = (scores[0], HiddenSlice(20, (("a", 0.900), ("b", 0.930)), (), 1.0))
    assert better_method(replace(muscle, hidden=better), gap, "a") == "b"
