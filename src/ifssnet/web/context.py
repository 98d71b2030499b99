"""What a request can reach."""

from __future__ import annotations

from fastapi import Request

from ifssnet.web.hub import Hub


def hub_of(request: Request) -> Hub:
    """The open cases of the server that was asked."""
    hub = request.app.state.hub
    assert isinstance(hub, Hub)
    return hub
