"""What answers look like other than JSON that was asked for: refusals, pixels and the stream of changes."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel


class Refusal(BaseModel):
    """Why a request was not carried out.

    Attributes:
        error: The whole sentence, for people.
        expected: What was expected, where the input was at fault.
        received: What came instead.
        remedy: What to do.
        reason: "writer" where another tab writes to the case.
    """

    error: str
    expected: str | None = None
    received: str | None = None
    remedy: str | None = None
    reason: str | None = None


REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {"application/json": {"schema": Refusal.model_json_schema()}}}
    for status, words in (
        (400, "Input that cannot be used"),
        (401, "The token that `ifss serve` printed is missing or wrong"),
        (403, "The request comes from another page"),
        (404, "Nothing is at this address"),
        (409, "Another tab writes to this case"),
        (421, "The server does not go by this name"),
        (422, "The message does not fit its description"),
        (507, "The disk is full; the same request may be sent again"),
    )
}
"""Every answer that any address may give in place of what was asked for."""

ANY_FILE: dict[int | str, dict[str, Any]] = {200: {"description": "The file", "content": {"*/*": {}}}}
"""A file whose type follows from its name."""

BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""A request whose body is a file."""


class Bytes(Response):
    """Pixels or a file, as they are."""

    media_type = "application/octet-stream"


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"
