"""The state of a session: what events make of it, what they may not, and that the same log gives the same state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.packed_mask import PackedMask
from ifssnet.workflow.session.events import (
    Arrived,
    EndsMarked,
    Event,
    Interval,
    MuscleAbsent,
    MuscleName,
    Opened,
    PropagationEnded,
    PropagationStarted,
    Redone,
    RedrawAsked,
    Reopened,
    Signed,
    SliceDrawn,
    SliceErased,
    SliceRedrawn,
    SlicesAccepted,
    SlicesSeen,
    StepsArrived,
    Undone,
)
from ifssnet.workflow.session.log import log_line, read_log
from ifssnet.workflow.session.reducer import LONGEST_PAUSE_S, reduce, replay
from ifssnet.workflow.session.state import SessionState

AT = "2026-01-01T10:00:{:02d}+00:00"
WHO = "expert"
GRID = Grid((12, 6, 8))
MUSCLES = (MuscleName(1, "SOL", (126, 87, 194)), MuscleName(2, "GM", (236, 97, 155)))
OPENED = Opened(AT.format(0), WHO, "leg.mha", "0" * 64, GRID, MUSCLES)


def block(top: int, left: int, size: int = 3) -> PackedMask:
    mask = np.zeros((6, 8), dtype=bool)
    mask[top : top + size, left : left + size] = True
    return PackedMask.of(mask)


EMPTY = PackedMask.empty_of((6, 8))


def draw(label: int, z: int, mask: PackedMask, second: int = 0) -> SliceDrawn:
    return SliceDrawn(AT.format(second), WHO, label, z, mask)


def after(*events: Event) -> SessionState:
    return replay([OPENED, *events])


def run_of(state: SessionState, *intervals: Interval) -> PropagationStarted:
    return PropagationStarted(AT.format(0), WHO, state.runs + 1, intervals, "some", tuple(map(state.basis, intervals)))


def arrived(run: int, label: int, z: int, mask: PackedMask) -> StepsArrived:
    return StepsArrived(AT.format(0), WHO, run, (Arrived(label, z, mask, 0.9),))


def ended(run: int, outcome: str = "done") -> PropagationEnded:
    return PropagationEnded(AT.format(0), WHO, run, outcome)


def filled() -> SessionState:
    state = after(draw(1, 2, block(0, 0)), draw(1, 6, block(0, 0)), draw(1, 9, block(0, 0)))
    state = reduce(state, run_of(state, *state.intervals(1)))
    for z in (3, 4, 5, 7, 8):
        state = reduce(state, arrived(1, 1, z, block(0, 0)))
    return reduce(state, ended(1))


def test_what_is_drawn_takes_its_pixels_from_every_other_muscle() -> None:
    state = after(draw(1, 4, block(0, 0, 4)), draw(2, 4, block(2, 2, 4)))
    assert state.mask(2, 4) == block(2, 2, 4)
    sol = state.mask(1, 4)
    assert sol is not None
    assert sol.pixels == 16 - 4
    assert not (sol.array() & block(2, 2, 4).array()).any()
    assert sorted(np.unique(state.label_map().array[4], return_counts=True)[1].tolist()) == [12, 16, 20]


def test_intervals_lie_between_drawn_slices_and_marked_ends() -> None:
    state = after(draw(1, 4, block(0, 0)), draw(1, 8, block(0, 0)), EndsMarked(AT.format(0), WHO, 1, 2, 8))
    assert state.intervals(1) == (Interval(1, 1, 4), Interval(1, 4, 8))
    assert state.mask(1, 0) is None
    seeds = state.seeds()
    assert seeds.slices(1) == (1, 4, 8, 9)
    assert seeds.present(1) == (4, 8)


def test_between_two_slices_without_the_muscle_there_is_nothing_to_propagate() -> None:
    assert after(draw(1, 2, EMPTY), draw(1, 8, EMPTY)).intervals(1) == ()


def test_only_intervals_beside_a_changed_slice_are_to_be_propagated_again() -> None:
    state = filled()
    assert state.stale(1) == ()
    corrected = reduce(state, draw(1, 4, block(1, 1)))
    assert corrected.stale(1) == (Interval(1, 2, 4), Interval(1, 4, 6))
    again = reduce(state, draw(1, 9, block(1, 1)))
    assert again.stale(1) == (Interval(1, 6, 9),)


def test_accepting_a_slice_makes_nothing_stale_and_keeps_it_when_all_around_it_changes() -> None:
    state = reduce(filled(), SlicesAccepted(AT.format(0), WHO, 1, (7,)))
    assert state.stale(1) == ()
    state = reduce(state, draw(1, 9, block(3, 3)))
    state = reduce(state, run_of(state, *state.stale(1)))
    for z in (7, 8):
        state = reduce(state, arrived(2, 1, z, block(2, 2)))
    assert state.mask(1, 7) == block(0, 0)
    assert state.mask(1, 8) == block(2, 2)
    assert reduce(state, SlicesAccepted(AT.format(0), WHO, 1, (7,), accepted=False)).mask(1, 7) == block(2, 2)


def test_slices_of_a_run_whose_ends_were_drawn_anew_meanwhile_are_dropped() -> None:
    state = after(draw(1, 2, block(0, 0)), draw(1, 6, block(0, 0)))
    state = reduce(state, run_of(state, *state.intervals(1)))
    state = reduce(state, arrived(1, 1, 3, block(0, 0)))
    state = reduce(state, draw(1, 6, block(2, 2)))
    state = reduce(state, arrived(1, 1, 4, block(0, 0)))
    assert state.mask(1, 3) is not None
    assert state.mask(1, 4) is None
    assert reduce(state, ended(1)).stale(1) == (Interval(1, 2, 6),)


def test_a_gap_whose_slices_came_for_the_time_being_is_not_filled() -> None:
    state = replay([OPENED, draw(1, 2, block(0, 0)), draw(1, 5, block(0, 0))])
    state = reduce(state, run_of(state, *state.stale(1)))
    early = tuple(Arrived(1, z, block(0, 0), 0.9, provisional=True) for z in (3, 4))
    state = reduce(state, StepsArrived(AT.format(0), WHO, 1, early))
    assert reduce(state, ended(1, "cancelled")).stale(1) == (Interval(1, 2, 5),)
    for z in (3, 4):
        state = reduce(state, arrived(1, 1, z, block(0, 0)))
    assert reduce(state, ended(1, "cancelled")).stale(1) == ()


def test_a_cancelled_run_keeps_what_came_and_finishes_whole_intervals_only() -> None:
    state = after(draw(1, 2, block(0, 0)), draw(1, 4, block(0, 0)), draw(1, 8, block(0, 0)))
    state = reduce(state, run_of(state, *state.intervals(1)))
    for z in (3, 5):
        state = reduce(state, arrived(1, 1, z, block(1, 1)))
    state = reduce(state, ended(1, "cancelled"))
    assert state.mask(1, 5) == block(1, 1)
    assert state.stale(1) == (Interval(1, 4, 8),)


def test_undo_brings_back_what_was_propagated_before_and_redo_the_drawing() -> None:
    state = filled()
    corrected = reduce(state, draw(1, 4, block(1, 1)))
    back = reduce(corrected, Undone(AT.format(0), WHO))
    assert back.muscles == state.muscles
    assert back.stale(1) == ()
    again = reduce(back, Redone(AT.format(0), WHO))
    assert again.muscles == corrected.muscles
    assert reduce(back, draw(1, 3, block(1, 1))).future is None


def test_undo_of_one_muscle_leaves_what_came_for_another_one() -> None:
    state = after(draw(1, 2, block(0, 0)), draw(2, 2, block(3, 3)), draw(2, 5, block(3, 3)), draw(1, 6, block(0, 0)))
    state = reduce(state, run_of(state, *state.intervals(2)))
    state = reduce(reduce(state, arrived(1, 2, 3, block(3, 3))), ended(1))
    state = reduce(state, Undone(AT.format(0), WHO))
    assert 6 not in state.muscles[1].drawn
    assert state.mask(2, 3) == block(3, 3)


def test_without_anything_to_undo_or_to_redo_it_is_refused() -> None:
    with pytest.raises(InputError, match="to undo"):
        after(Undone(AT.format(0), WHO))
    with pytest.raises(InputError, match="to redo"):
        after(Redone(AT.format(0), WHO))


def test_proposals_that_lost_their_ends_are_shown_no_more() -> None:
    state = reduce(filled(), SliceErased(AT.format(0), WHO, 1, 9))
    assert state.mask(1, 7) is None
    assert state.mask(1, 4) == block(0, 0)


def test_beyond_a_marked_end_there_is_nothing() -> None:
    state = reduce(filled(), SliceErased(AT.format(0), WHO, 1, 9))
    state = reduce(state, EndsMarked(AT.format(0), WHO, 1, None, 7))
    assert state.mask(1, 7) == block(0, 0)
    assert state.mask(1, 8) is None
    assert state.area_px(1) == {2: 9, 3: 9, 4: 9, 5: 9, 6: 9, 7: 9}


def test_a_drawn_slice_beyond_a_marked_end_moves_that_end() -> None:
    state = after(draw(1, 4, block(0, 0)), EndsMarked(AT.format(0), WHO, 1, 3, 5), draw(1, 7, block(0, 0)))
    assert (state.muscles[1].first, state.muscles[1].last) == (3, 7)


def test_an_absent_muscle_has_no_voxel_and_no_seed() -> None:
    state = reduce(filled(), MuscleAbsent(AT.format(0), WHO, 1))
    assert state.volume_cm3(1) == 0
    assert 1 not in state.seeds().masks
    assert state.intervals(1) == ()
    assert reduce(state, MuscleAbsent(AT.format(0), WHO, 1, absent=False)).muscles[1] == filled().muscles[1]


def test_a_signed_session_changes_no_more_until_it_is_reopened() -> None:
    signed = reduce(filled(), Signed(AT.format(0), WHO, "complete"))
    for event in (
        draw(1, 3, block(0, 0)),
        Undone(AT.format(0), WHO),
        SlicesAccepted(AT.format(0), WHO, 1, (3,)),
        Signed(AT.format(0), WHO),
    ):
        with pytest.raises(InputError, match="Reopen"):
            reduce(signed, event)
    assert reduce(signed, arrived(1, 1, 3, EMPTY)).muscles == signed.muscles
    assert reduce(reduce(signed, Reopened(AT.format(0), WHO)), draw(1, 3, block(0, 0))).signature is None


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (draw(1, 12, block(0, 0)), "slices from 0 to 11"),
        (draw(1, -1, block(0, 0)), "slices from 0 to 11"),
        (draw(3, 4, block(0, 0)), "label 3"),
        (draw(1, 4, PackedMask.empty_of((8, 6))), "6 x 8 pixels"),
        (SliceErased(AT.format(0), WHO, 1, 5), "was drawn"),
        (EndsMarked(AT.format(0), WHO, 1, 8, 2), "below the last"),
        (EndsMarked(AT.format(0), WHO, 1, 3, None), "Erase that slice"),
        (SlicesAccepted(AT.format(0), WHO, 1, (11,)), "to accept"),
        (Signed(AT.format(0), " "), "who signs"),
        (OPENED, "only once"),
        (SliceDrawn("yesterday", WHO, 1, 4, EMPTY), "a time"),
        (SliceDrawn("2026-01-01T10:00:00", WHO, 1, 4, EMPTY), "its zone"),
        (RedrawAsked(AT.format(0), WHO, ((1, 5),)), "was drawn"),
        (SliceRedrawn(AT.format(0), WHO, 1, 2, EMPTY), "was asked for"),
    ],
)
def test_what_cannot_be_is_refused(event: Event, words: str) -> None:
    with pytest.raises(InputError, match=words):
        reduce(after(draw(1, 2, block(0, 0))), event)


def test_long_pauses_and_clocks_that_jump_back_are_no_work() -> None:
    later, earlier = "2026-01-01T18:00:00+00:00", "2025-01-01T10:00:00+00:00"
    state = after(draw(1, 2, block(0, 0)), draw(1, 3, block(0, 0), 30), replace(draw(1, 4, block(0, 0)), at=later))
    assert state.effort.active_seconds == 30 + LONGEST_PAUSE_S
    assert reduce(state, replace(draw(1, 5, block(0, 0)), at=earlier)).effort.active_seconds == 30 + LONGEST_PAUSE_S
    assert state.effort.outlines == 3


def test_a_blind_redrawing_changes_nothing_but_the_record() -> None:
    state = reduce(filled(), RedrawAsked(AT.format(0), WHO, ((1, 2), (1, 6))))
    again = reduce(state, SliceRedrawn(AT.format(0), "other", 1, 6, block(0, 1)))
    assert again.muscles == state.muscles
    assert again.asked == ((1, 2),)
    assert (again.redrawn[0].first, again.redrawn[0].second, again.redrawn[0].second_by) == (block(0, 0), block(0, 1), "other")


KINDS = ("draw", "erase", "absent", "ends", "accept", "see", "undo", "redo", "arrive", "end")
BLOCKS = (EMPTY, *(block(top, left) for top in range(4) for left in range(0, 6, 2)))
CHOICES = st.tuples(
    st.sampled_from(KINDS),
    st.integers(0, 59),
    st.integers(1, 2),
    st.integers(0, 11),
    st.integers(0, len(BLOCKS) - 1),
    st.booleans(),
)


def event_of(kind: str, second: int, label: int, z: int, index: int, yes: bool) -> Event:
    at = AT.format(second)
    events: dict[str, Event] = {
        "draw": SliceDrawn(at, WHO, label, z, BLOCKS[index]),
        "erase": SliceErased(at, WHO, label, z),
        "absent": MuscleAbsent(at, WHO, label, yes),
        "ends": EndsMarked(at, WHO, label, z if yes else None, 11 - index if index < 11 else None),
        "accept": SlicesAccepted(at, WHO, label, (z,), yes),
        "see": SlicesSeen(at, WHO, (z,)),
        "undo": Undone(at, WHO),
        "redo": Redone(at, WHO),
        "arrive": arrived(1, label, z, BLOCKS[index]),
        "end": ended(1, "done" if yes else "cancelled"),
    }
    return events[kind]


@given(st.lists(CHOICES, max_size=25))
@settings(max_examples=150)
def test_the_same_log_gives_the_same_state_and_muscles_never_overlap(
    tmp_path_factory: pytest.TempPathFactory, choices: list[tuple[str, int, int, int, int, bool]]
) -> None:
    state, happened = after(), [OPENED]
    begun = False
    for choice in choices:
        event = event_of(*choice)
        try:
            if isinstance(event, StepsArrived) and not begun:
                begun = True
                start = run_of(state, *state.intervals(1), *state.intervals(2))
                state = reduce(state, start)
                happened.append(start)
            state = reduce(state, event)
        except InputError:
            continue
        happened.append(event)
    path = tmp_path_factory.mktemp("log") / "session.jsonl"
    head = b'{"format": "ifssnet-session", "version": 1}\n'
    path.write_bytes(head + b"".join(log_line(event, n) for n, event in enumerate(happened, start=1)))
    assert replay(read_log(path).events) == state
    for z in range(12):
        sol, gm = state.mask(1, z), state.mask(2, z)
        if sol is not None and gm is not None:
            assert not (sol.array() & gm.array()).any()
    while state.past is not None and state.signature is None:
        state = reduce(state, Undone(AT.format(0), WHO))
    assert not any(muscle.drawn or muscle.accepted for muscle in state.muscles.values())
