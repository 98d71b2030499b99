"""What a request can reach."""

from __future__ import annotations

from fastapi import Request

from ifssnet.web.cases.hub import Hub
from ifssnet.web.work.batch import Batch
from ifssnet.web.work.jobs import Jobs


def hub_of(request: Request) -> Hub:
    """The open cases of the server that was asked."""
    hub = request.app.state.hub
    assert isinstance(hub, Hub)
    return hub


def jobs_of(request: Request) -> Jobs:
    """The work that the server does for its folder."""
    jobs = request.app.state.jobs
    assert isinstance(jobs, Jobs)
    return jobs


def batch_of(request: Request) -> Batch:
    """The propagation of many cases."""
    batch = request.app.state.batch
    assert isinstance(batch, Batch)
    return batch
