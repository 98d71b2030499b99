"""Who may ask, and what the answer may load: the host's name, the origin, the token, and the content security policy.

A page of another site that is open in the same browser can send requests to this computer's own addresses. It cannot forge the
`Origin` header, and a name of its own that it points to this computer shows in `Host`.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ifssnet.core.errors import InputError

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
COOKIE = "ifssnet"
READING = frozenset({"GET", "HEAD", "OPTIONS"})

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes:
        names: Names and addresses of this server, without a port.
        token: What a browser has to show; empty where only this computer can reach the server.
    """

    names: frozenset[str]
    token: str = field(default="", repr=False)


def access_for(host: str, names: Iterable[str] = ()) -> Access:
    """Who may ask a server on an address: this computer's own users, or whoever has a new token.

    Args:
        host: The address to listen on.
        names: Other names that browsers call the server by.

    Raises:
        InputError: All addresses are to be listened on, and no name says what browsers call the server.
    """
    given = frozenset(name.lower() for name in names)
    if is_local(host):
        return Access(frozenset(LOCAL_NAMES) | given, secrets.token_urlsafe(24) if given else "")
    if host in ("0.0.0.0", "::") and not given:
        raise InputError(
            "the name that browsers call this server by",
            f"the address {host} alone",
            "Add --name, for example --name lab.example.org.",
        )
    own = f"[{host}]" if ":" in host else host.lower()
    return Access(frozenset({*LOCAL_NAMES, own}) | given, secrets.token_urlsafe(24))


def is_local(host: str) -> bool:
    """Whether an address can be reached from this computer alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Guard:
    """Lets a request through, or answers why not; adds the headers that every answer carries."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        reason = self._refused(scope)
        if reason is None:
            await self._app(scope, receive, with_headers)
        else:
            status, text = reason
            await JSONResponse({"error": text}, status)(scope, receive, with_headers)

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _without_port(host) not in self._access.names:
            return 421, "This server does not go by that name. Start it with --name and the name in your browser's address."
        origin = headers.get("origin")
        if scope["method"] not in READING and origin is None:
            return 403, "A request that changes something has to say which page it comes from (the header Origin)."
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return 403, "This request comes from another page."
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return 403, "This request comes from another page."
        path = scope["path"]
        if path.startswith("/api/") and path != "/api/login" and not self._known(headers):
            return 401, "Open the address with the token that `ifss serve` printed."
        return None

    def _known(self, headers: Headers) -> bool:
        if not self._access.token:
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and same(cookie.value, self._access.token)


def same(given: str, token: str) -> bool:
    """Whether a token is the right one, in a time that does not tell how much of it is."""
    return hmac.compare_digest(given.encode(), token.encode())


def _without_port(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()
