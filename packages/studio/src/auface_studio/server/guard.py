"""Who may ask, and how much: a page elsewhere cannot drive this server, and nothing runs in ours.

- Host must be this machine's loopback name and our port: a name that some other site points here
  (DNS rebinding) is refused.
- A browser says where a request comes from (Origin, Sec-Fetch-Site). One from another origin is
  refused, except opening the page itself by a link.
- A body is counted as it arrives and refused once it is too large, whatever its header says.
- Every answer carries a content policy under which only our own scripts run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HEADERS", "MAX_BODY", "Guard"]

MAX_BODY = 12_000_000
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class _TooLarge(Exception):
    """More came than is taken."""


class Guard:
    """ASGI middleware around the app. hosts: names with port that are ours."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], max_body: int = MAX_BODY) -> None:
        self.app = app
        self.hosts = frozenset(h.lower() for h in hosts)
        self.origins = frozenset(f"http://{h}" for h in self.hosts)
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 403 or 413."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no websockets here
            await send({"type": "websocket.close", "code": 1008})
            return
        given = _headers(scope)
        why = self._refused(scope, given)
        if why:
            await _answer(send, 403, why)
            return
        length = given.get("content-length", "")
        if length.isdigit() and int(length) > self.max_body:
            await _answer(send, 413, self._too_large())
            return
        await self._count(scope, receive, send)

    def _refused(self, scope: Scope, given: dict[str, str]) -> str:
        """Why a request is refused; empty when it is not."""
        if given.get("host", "").lower() not in self.hosts:
            return "this server answers only under its own address"
        origin = given.get("origin")
        if origin is not None and origin.lower() not in self.origins:
            return "requests from other pages are refused"
        site = given.get("sec-fetch-site", "none")
        if site in ("same-origin", "none"):
            return ""
        opens = scope["method"] == "GET" and given.get("sec-fetch-mode") == "navigate"
        if opens and given.get("sec-fetch-dest") == "document" and "/api/" not in scope["path"]:
            return ""
        return "requests from other pages are refused"

    def _too_large(self) -> str:
        return f"more than {self.max_body // 1_000_000} MB; send a smaller file"

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken, begun = 0, False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > self.max_body:
                    raise _TooLarge
            return message

        async def marked(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                kept = [(k, v) for k, v in message["headers"] if k.decode() not in HEADERS]
                message["headers"] = kept + [(k.encode(), v.encode()) for k, v in HEADERS.items()]
            await send(message)

        try:
            await self.app(scope, counted, marked)
        except _TooLarge:
            if not begun:
                await _answer(send, 413, self._too_large())


def _headers(scope: Scope) -> dict[str, str]:
    return {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}


async def _answer(send: Send, status: int, why: str) -> None:
    body = json.dumps({"error": why}).encode()
    headers = {
        **HEADERS,
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "close",
    }
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
