"""Two visits of a leg: which change is more than the lab's own error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cone import GM, SOL, cone, draw_all, drawn, new_session

from ifssnet.cli.main import main
from ifssnet.core.errors import InputError
from ifssnet.core.packed_mask import PackedMask
from ifssnet.workflow.session.comparison import LabError, changes, lab_error
from ifssnet.workflow.session.events import RedrawAsked, SliceErased, SliceRedrawn
from ifssnet.workflow.session.session import Session, now


def run(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def twice(session: Session, slices: range, by: str = "expert") -> None:
    """The soleus drawn again, one column wider."""
    session.apply(RedrawAsked(now(), by, tuple((SOL, z) for z in slices)))
    for z in slices:
        wider = cone(z) | np.roll(cone(z), 1, axis=1)
        session.apply(SliceRedrawn(now(), by, SOL, z, PackedMask.of(wider), 20.0))


def test_a_labs_error_is_that_of_one_person_who_draws_twice(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, *range(8))
        twice(session, range(4))
        assert lab_error([session.state]) == LabError(4, None)
        twice(session, range(4, 8), by="other")
        assert lab_error([session.state]) == LabError(4, None)
        twice(session, range(4, 6))
        found = lab_error([session.state])
        expected = [
            (b - a) / ((a + b) / 2)
            for z in range(6)
            for a, b in [(cone(z).sum(), (cone(z) | np.roll(cone(z), 1, axis=1)).sum())]
        ]
        assert found.redrawn == 6
        assert found.relative_sem == pytest.approx(np.sqrt(np.mean(np.square(expected)) / 2))
        assert lab_error([session.state, session.state]).redrawn == 12


def test_a_change_counts_where_it_is_more_than_error(tmp_path: Path) -> None:
    with new_session(tmp_path / "a") as before, new_session(tmp_path / "b") as later:
        draw_all(before, *range(41))
        draw_all(later, *range(41))
        later.apply(*(drawn(SOL, z, cone(z) & np.roll(cone(z), 3, axis=1)) for z in range(41)))
        sol, gm = changes(later.state, before.state, LabError(9, 0.02))
        assert (sol.muscle, gm.muscle) == ("SOL", "GM")
        assert sol.detectable is True
        assert sol.change_cm3 < 0
        assert gm.detectable is False
        assert gm.change_cm3 == 0
        # Every slice was drawn: the hand's error is all that there is, once in each case.
        assert gm.mdc_cm3 == pytest.approx(1.96 * np.sqrt(2) * 0.02 * gm.now_cm3)
        assert [each.detectable for each in changes(later.state, before.state, LabError(0, None))] == [None, None]
        (given, _) = changes(later.state, before.state, LabError(0, None), {"SOL": 1000.0})
        assert given.detectable is False
        with pytest.raises(InputError, match="some of SOL, GM"):
            changes(later.state, before.state, LabError(0, None), {"TA": 1.0})


def test_cases_without_a_common_muscle_are_refused(tmp_path: Path) -> None:
    with new_session(tmp_path / "a") as one, new_session(tmp_path / "b") as other:
        one.apply(drawn(SOL, 3))
        other.apply(drawn(GM, 3))
        with pytest.raises(InputError, match="drawn in both"):
            changes(one.state, other.state, LabError(0, None))


def test_a_muscle_whose_gaps_are_not_filled_is_no_volume_to_compare(tmp_path: Path) -> None:
    with new_session(tmp_path / "a") as one, new_session(tmp_path / "b") as other:
        draw_all(one, *range(41))
        draw_all(other, *range(41))
        other.apply(SliceErased(now(), "expert", GM, 20))
        with pytest.raises(InputError, match="GM with all gaps filled"):
            changes(one.state, other.state, LabError(0, None))


def test_the_command_compares_and_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("first", "second"):
        with new_session(tmp_path / name) as session:
            draw_all(session, *range(41))
        (tmp_path / name / "case").rename(tmp_path / f"{name}-case")
    pair = [str(tmp_path / "second-case"), str(tmp_path / "first-case")]
    assert run(["session", "compare", *pair]) == 0
    said = capsys.readouterr()
    assert "five tell the lab's error" in said.out + said.err
    with Session.open(tmp_path / "first-case", by="expert") as session:
        session.apply(*(drawn(SOL, z) for z in range(1, 6)))
        twice(session, range(1, 6))
    assert run(["session", "compare", *pair, "--mdc", "GM=5"]) == 0
    assert "within error" in capsys.readouterr().out
    assert run(["session", "compare", *pair, "--mdc", "GM"]) == 2
    assert "such as SOL=9" in capsys.readouterr().err
