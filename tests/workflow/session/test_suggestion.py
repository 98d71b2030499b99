"""Which slice is suggested next, how sure slices and volumes are, the planner, and redrawing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cone import GM, SOL, cone, draw_all, drawn, new_session, truth, volume

from ifssnet.core.errors import InputError
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.progress import drain
from ifssnet.workflow.session.cases import cases
from ifssnet.workflow.session.events import EndsMarked, MuscleAbsent, SliceRedrawn, SlicesAccepted, SlicesSeen, Undone
from ifssnet.workflow.session.methods import INTERPOLATION, Methods
from ifssnet.workflow.session.planner import plan
from ifssnet.workflow.session.propagation import propagate
from ifssnet.workflow.session.quality_control import ask_again, drawing_quality
from ifssnet.workflow.session.session import LOG, now
from ifssnet.workflow.session.simulated_expert import SimulatedExpert
from ifssnet.workflow.session.suggestion import suggest
from ifssnet.workflow.session.uncertainty import confidences, volume_sd_cm3


def test_the_widest_gap_of_a_regular_muscle_is_suggested_at_its_middle(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        session.apply(*(drawn(SOL, z) for z in (0, 4, 8, 30, 40)))
        best = suggest(session.state, label=SOL)[0]
        assert (best.label, best.z) == (SOL, 19)
        assert "44 mm" in best.why
        assert best.gain_cm3 > 0


def test_a_gap_whose_neighbours_could_not_be_foretold_comes_before_a_regular_one(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        bulge = np.zeros_like(cone(0))
        bulge[4:28, 2:28] = True
        session.apply(*(drawn(SOL, z) for z in (0, 8, 16, 24, 40)), drawn(SOL, 32, bulge))
        assert suggest(session.state, label=SOL)[0].z in (28, 36)


def test_muscles_that_go_on_or_are_not_drawn_come_first(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        assert {each.z for each in suggest(session.state)} == {20}
        session.apply(drawn(SOL, 7), drawn(SOL, 12))
        # A muscle that is not drawn yet is best begun where another one is drawn.
        assert [each.z for each in suggest(session.state, label=GM)] == [12]
        session.apply(Undone(now(), "expert"), Undone(now(), "expert"))
        session.apply(drawn(SOL, 10), drawn(SOL, 20), *(MuscleAbsent(now(), "expert", label) for label in (GM, 3)))
        first = suggest(session.state)[0]
        assert first.z == 30
        assert "goes on past its outermost drawn slice 20" in first.why
        session.apply(EndsMarked(now(), "expert", SOL, 10, 20))
        assert next(each.z for each in suggest(session.state)) == 15


def test_the_volume_gets_surer_with_every_slice_and_drawn_slices_are_sure(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        session.apply(*(drawn(SOL, z) for z in (0, 20, 40)))
        coarse = volume_sd_cm3(session.state, SOL)
        sure = confidences(session.state, SOL)
        assert sure[0] == sure[20] == sure[40] == 1
        assert min(sure, key=lambda z: sure[z]) in (10, 30)
        session.apply(*(drawn(SOL, z) for z in (10, 30)))
        fine = volume_sd_cm3(session.state, SOL)
        assert coarse is not None
        assert fine is not None
        assert fine < coarse
        assert volume_sd_cm3(session.state, GM) is None


def test_ends_that_lie_side_by_side_do_not_make_a_muscle_unsure(tmp_path: Path) -> None:
    """A first slice is tiny and next to an empty one: that it cannot be foretold says nothing about the gaps."""
    with new_session(tmp_path) as session:
        tip = np.zeros_like(cone(0))
        tip[16, 14] = True
        empty = np.zeros_like(tip)
        session.apply(*(drawn(SOL, z) for z in (2, 12, 22, 32)), drawn(SOL, 1, tip), drawn(SOL, 0, empty))
        sd = volume_sd_cm3(session.state, SOL)
        assert sd is not None
        assert sd < 0.1 * sum(cone(z).sum() for z in range(1, 33)) * 2 / 1000


def test_a_plan_says_outlines_minutes_and_error(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        with pytest.raises(InputError, match="five outlines"):
            plan(session.state)
        draw_all(session, *range(0, 41, 5))
        found = plan(session.state, 12)
        assert [each.outlines for each in found] == list(range(3, 13))
        assert found[0].measured
        assert not found[-1].measured
        assert found[0].error_percent > found[-1].error_percent
        # Two muscles, thirty seconds an outline.
        assert found[0].minutes == pytest.approx(3 * 2 * 30 / 60)


def test_slices_are_asked_for_again_in_random_order_and_judged(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, *range(0, 40, 2))
        asked = ask_again(session, 0.25, seed=3)
        assert len(asked) == 10
        assert list(asked) != sorted(asked)
        for label, z in asked[:9]:
            first = session.state.muscles[label].drawn[z].mask.array()
            second = first | np.roll(first, 1, axis=1)
            session.apply(SliceRedrawn(now(), "expert", label, z, PackedMask.of(second)))
        same, other = drawing_quality(session.state), drawing_quality(session.state, same_hand=False)
        assert same is not None
        assert other is None
        assert same.slices == 9
        assert 0.8 < same.dice < 1
        assert same.areas is not None
        assert same.areas.bias > 0
        assert same.reliability is not None
        assert same.reliability.icc_2_1.value < same.reliability.icc_3_1.value
        assert session.state.asked == asked[9:]


def test_cases_are_listed_with_how_far_they_are(tmp_path: Path) -> None:
    def state() -> object:
        (case,) = cases(tmp_path)
        return case.progression

    with new_session(tmp_path) as session:
        assert state() == "new"
        draw_all(session, 0, 20, 40)
        assert state() == "drawn"
        # Three slices are not the muscle.
        (case,) = cases(tmp_path)
        assert case.volumes is not None
        assert case.volumes["SOL"].volume_cm3 is None
        drain(propagate(session, Methods(), method=INTERPOLATION))
        assert state() == "propagated"
        session.apply(SlicesAccepted(now(), "expert", SOL, tuple(range(1, 40))), SlicesSeen(now(), "expert", tuple(range(41))))
        assert state() == "checked"
        (case,) = cases(tmp_path)
        assert case.volumes is not None
        assert case.volumes["SOL"].volume_cm3 == pytest.approx(session.state.volume_cm3(SOL))
    (tmp_path / "case" / LOG).write_bytes(b"damaged\n")
    (case,) = cases(tmp_path)
    assert case.progression is None
    assert "another file" in case.problem
    with pytest.raises(InputError, match="a folder of cases"):
        cases(tmp_path / "nowhere")


def test_a_simulated_expert_gets_better_with_every_outline() -> None:
    expert = SimulatedExpert(volume(), truth(), INTERPOLATION)
    even = drain(expert.draw("even", 5, Methods()))
    # Both ends of both muscles lie at the ends of the volume: they are drawn as well.
    assert [step.outlines for step in even] == [8, 10, 12, 14]
    suggested = drain(expert.draw("volume", 6, Methods()))
    assert [step.outlines for step in suggested] == [8, 9, 10, 11, 12]
    assert suggested[0].muscles == even[0].muscles
    assert suggested[-1].dice >= suggested[0].dice > 0.9
    shaky = drain(SimulatedExpert(volume(), truth(), INTERPOLATION, noise_mm=1.0).draw("even", 3, Methods()))
    assert shaky[0].dice < even[0].dice
