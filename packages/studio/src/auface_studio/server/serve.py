"""Running a page on the loopback: a port that is free, a browser that opens, Ctrl-C that stops."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable
from typing import TYPE_CHECKING

from auface_studio.errors import StudioError

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["bind", "hosts_of", "serve"]

ADDRESS = "127.0.0.1"


def bind(port: int) -> socket.socket:
    """A listening place on the loopback; port 0 takes any. StudioError when it is taken."""
    place = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((ADDRESS, port))
        place.listen(128)  # only now is the port ours: two may bind one that nobody listens at
    except PermissionError:
        place.close()
        raise StudioError(
            f"port {port} may not be used by you; take one above 1023, as in --port 8512"
        ) from None
    except OSError:
        place.close()
        raise StudioError(
            f"port {port} is taken, perhaps by another studio that still runs; "
            f"give another one, as in --port {port + 1}, or 0 for any that is free"
        ) from None
    return place


def hosts_of(place: socket.socket) -> tuple[str, ...]:
    """The names under which a browser on this machine finds it."""
    port = place.getsockname()[1]
    return (f"{ADDRESS}:{port}", f"localhost:{port}")


def serve(
    app: Starlette, place: socket.socket, *, browser: bool, tell: Callable[[str], None]
) -> None:
    """Answer until Ctrl-C. Opens the browser once the server is up."""
    import uvicorn  # not before a wrong design or a taken port is told

    address = f"http://{hosts_of(place)[0]}/"
    config = uvicorn.Config(
        app, log_level="error", access_log=False, lifespan="off", ws="none", server_header=False,
        timeout_keep_alive=30, timeout_graceful_shutdown=2, limit_concurrency=256,
    )  # fmt: skip
    server = uvicorn.Server(config)
    tell(f"{address} is open in this machine's browsers; Ctrl-C stops it")
    if browser:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    try:
        server.run(sockets=[place])
    except KeyboardInterrupt:
        tell("stopped")
