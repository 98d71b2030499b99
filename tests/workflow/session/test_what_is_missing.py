"""What speaks against a muscle's volume in a session."""

from __future__ import annotations

from pathlib import Path

from cone import SOL, drawn, new_session

from ifssnet.workflow.session.completeness import unfinished, unfinished_findings


def test_nothing_is_said_against_a_volume_that_there_is_not_yet(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        session.apply(drawn(SOL, 20))
        found = unfinished(session.state, SOL)
        assert found is not None
        assert (found.kind, found.slices) == ("few", (20,))
        # The gap between two slices is open: the page says that the muscle is drawn only.
        session.apply(drawn(SOL, 30))
        assert unfinished(session.state, SOL) is None
        assert unfinished_findings(session.state) == ()
