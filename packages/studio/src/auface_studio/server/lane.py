"""One worker for what is slow, and the newest wish of each tab wins.

Drawing and seeing use all cores, so they go one after the other through one thread. Of one tab
only the newest wish is worth drawing: older ones that still wait are answered `Superseded`. A
wish whose asker has gone is not drawn at all, and idle wishes (thumbnails, refinements) let the
others pass.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..errors import StudioError

__all__ = ["Busy", "Lane", "Superseded"]

T = TypeVar("T")


class Superseded(StudioError):
    """The same tab has asked for something newer."""


class Busy(StudioError):
    """Too many wishes wait already."""


@dataclass(eq=False)
class _Wish:
    work: Callable[[Callable[[], bool]], Any]
    tab: str
    done: asyncio.Future[Any]
    gone: Callable[[], Awaitable[bool]] | None
    stop: threading.Event = field(default_factory=threading.Event)


class Lane:
    """Runs wishes one at a time, in order, idle ones when there is no other."""

    def __init__(self, *, limit: int = 64) -> None:
        self.limit = limit
        self._queue: deque[_Wish] = deque()
        self._idle: deque[_Wish] = deque()
        self._now: _Wish | None = None
        self._worker: asyncio.Task[None] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="auface-studio")

    @property
    def waiting(self) -> int:
        """How many wishes have not begun."""
        return len(self._queue) + len(self._idle)

    async def run(
        self,
        work: Callable[[Callable[[], bool]], T],
        *,
        tab: str = "",
        idle: bool = False,
        gone: Callable[[], Awaitable[bool]] | None = None,
    ) -> T:
        """What work(stop) returns. With a tab, older waiting wishes of that tab are dropped.

        stop() says whether an idle wish that has begun should give way to the same tab's next.
        gone says whether the asker has left; asked just before the work would begin. Raises
        Superseded for a wish that was dropped and Busy when the lane is full.
        """
        if tab:
            for queue in (self._queue, self._idle):
                for old in [w for w in queue if w.tab == tab]:
                    queue.remove(old)
                    _fail(old, Superseded("a newer one of the same tab came"))
            if self._now is not None and self._now.tab == tab:
                self._now.stop.set()
        if self.waiting >= self.limit:
            raise Busy(f"{self.waiting} pictures wait to be drawn already; try again soon")
        wish = _Wish(work, tab, asyncio.get_running_loop().create_future(), gone)
        (self._idle if idle else self._queue).append(wish)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._drain())
        try:
            found: T = await wish.done
            return found
        except asyncio.CancelledError:
            for queue in (self._queue, self._idle):
                if wish in queue:
                    queue.remove(wish)
            wish.stop.set()
            raise

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue or self._idle:
            wish = (self._queue or self._idle).popleft()
            if wish.done.done():
                continue
            if wish.gone is not None and await wish.gone():
                _fail(wish, Superseded("the asker has left"))
                continue
            self._now = wish
            try:
                result = await loop.run_in_executor(self._pool, wish.work, wish.stop.is_set)
            except Exception as error:  # the asker is told; the lane goes on
                _fail(wish, error)
            else:
                if not wish.done.done():
                    wish.done.set_result(result)
            finally:
                self._now = None

    def close(self) -> None:
        """Let the worker thread end after what it is at."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _fail(wish: _Wish, error: Exception) -> None:
    if not wish.done.done():
        wish.done.set_exception(error)
