"""Streams to open pages: server-sent events, in order, from any thread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

from ifssnet.io.plain_data import Json

LONGEST_QUEUE = 5000
"""A page that is so far behind is cut off; it connects again and reads everything anew."""
KEEP_ALIVE_S = 10.0


class Stream:
    """What one tab gets."""

    def __init__(self, tab: str) -> None:
        self.tab = tab
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()

    def tell(self, name: str, data: Mapping[str, Json]) -> None:
        """Send an event; may be called from any thread."""
        text = f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'), allow_nan=False)}\n\n"
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, text)

    def end(self) -> None:
        """Close the stream."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._queue.put_nowait, None)

    def _put(self, text: str) -> None:
        if self._queue.qsize() < LONGEST_QUEUE:
            self._queue.put_nowait(text)
        else:
            self._queue.put_nowait(None)

    async def texts(self) -> AsyncIterator[str]:
        """The events as they are sent; a comment now and then shows that the server is there."""
        while True:
            try:
                text = await asyncio.wait_for(self._queue.get(), KEEP_ALIVE_S)
            except TimeoutError:
                yield ": here\n\n"
                continue
            if text is None:
                return
            yield text
