"""What a server does before anybody asks: the one slice that is shown at once comes before the network."""

from __future__ import annotations

import pytest

from ifssnet.workflow.session import warm_up as module
from ifssnet.workflow.session.events import Arrived
from ifssnet.workflow.session.methods import Methods
from ifssnet.workflow.session.propagation import at_once


def test_the_slice_that_is_shown_at_once_is_made_ready_before_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def first(*given: object) -> tuple[Arrived, ...]:
        found = at_once(*given)  # pyright: ignore[reportArgumentType]
        order.append(f"{len(found)} slice")
        return found

    def chosen(self: Methods) -> str:
        order.append("network")
        return "shape-interpolation"

    monkeypatch.setattr(module, "at_once", first)
    monkeypatch.setattr(Methods, "best", chosen)
    module.warm_up(Methods())
    assert order == ["1 slice", "network"]
