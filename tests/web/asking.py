"""Requests to the server without a network: what tests of single answers use."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

HOST = "127.0.0.1:8765"
ORIGIN = f"http://{HOST}"


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """Asks an application, on an event loop of its own."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Client:
        self._thread.start()
        self._lifespan = self._app.router.lifespan_context(self._app)
        self._run(self._lifespan.__aenter__())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._run(self._lifespan.__aexit__(None, None, None))
        self._run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def get(self, path: str, **how: Any) -> Answer:
        """Read."""
        return self.ask("GET", path, None, **how)

    def post(self, path: str, body: Any, **how: Any) -> Answer:
        """Change something."""
        return self.ask("POST", path, json.dumps(body).encode(), **how)

    def put(self, path: str, body: bytes, **how: Any) -> Answer:
        """Send a file."""
        return self.ask("PUT", path, body, **how)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        *,
        host: str = HOST,
        origin: str | None = ORIGIN,
        cookie: str | None = None,
        fetch_site: str | None = None,
    ) -> Answer:
        """One request."""
        headers = {"host": host, "content-type": "application/json"}
        headers |= {} if origin is None else {"origin": origin}
        headers |= {} if cookie is None else {"cookie": cookie}
        headers |= {} if fetch_site is None else {"sec-fetch-site": fetch_site}

        async def asked() -> Answer:
            transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
                answer = await client.request(method, path, content=body, headers=headers)
                return Answer(answer.status_code, answer.headers, answer.content)

        return self._run(asked())

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)
