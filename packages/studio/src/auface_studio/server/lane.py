"""One worker for what is slow, and the newest wish of each tab wins.

Drawing and seeing use all cores, so they go one after the other through one thread. Of one tab
only the newest wish is worth drawing: older ones that still wait are answered `Superseded`. A
wish whose asker has gone is not drawn at all. Wishes have three ranks: NOW (what follows a hand),
NEXT (the finished picture of it) and IDLE (thumbnails, sets). A lower one waits for the higher, and
one that has begun gives way and begins anew after it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from auface_studio.errors import StudioError
from auface_studio.face import Stopped

__all__ = ["IDLE", "NEXT", "NOW", "Busy", "Lane", "Superseded"]

NOW, NEXT, IDLE = range(3)
_LOOK = 0.05  # seconds between looks whether an asker is still there

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
    rank: int
    stop: threading.Event = field(default_factory=threading.Event)
    again: bool = False  # it was stopped for another tab's, not for good


class Lane:
    """Runs wishes one at a time, those of a higher rank first, each rank in order."""

    def __init__(self, *, limit: int = 64) -> None:
        self.limit = limit
        self._queues: tuple[deque[_Wish], ...] = (deque(), deque(), deque())
        self._now: _Wish | None = None
        self._worker: asyncio.Task[None] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="auface-studio")

    @property
    def waiting(self) -> int:
        """How many wishes have not begun."""
        return sum(map(len, self._queues))

    async def run(
        self,
        work: Callable[[Callable[[], bool]], T],
        *,
        tab: str = "",
        rank: int = NOW,
        gone: Callable[[], Awaitable[bool]] | None = None,
    ) -> T:
        """What work(stop) returns. With a tab, older waiting wishes of that tab are dropped.

        stop() says whether a wish that has begun should give way to the same tab's next.
        gone says whether the asker has left; asked just before the work would begin. Raises
        Superseded for a wish that was dropped and Busy when the lane is full.
        """
        if tab:
            for queue in self._queues:
                for old in [w for w in queue if w.tab == tab]:
                    queue.remove(old)
                    _fail(old, Superseded("a newer one of the same tab came"))
            if self._now is not None and self._now.tab == tab:
                self._now.stop.set()
        if self.waiting >= self.limit:
            raise Busy(f"{self.waiting} pictures wait to be drawn already; try again soon")
        if rank == NOW and self._now is not None and self._now.rank > NOW:
            self._now.again = not self._now.stop.is_set()
            self._now.stop.set()
        wish = _Wish(work, tab, asyncio.get_running_loop().create_future(), gone, rank)
        self._queues[rank].append(wish)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._drain())
        try:
            found: T = await wish.done
            return found
        except asyncio.CancelledError:
            for queue in self._queues:
                if wish in queue:
                    queue.remove(wish)
            wish.stop.set()
            raise

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while queue := next((q for q in self._queues if q), None):
            wish = queue.popleft()
            if wish.done.done():
                continue
            if wish.gone is not None and await wish.gone():
                _fail(wish, Superseded("the asker has left"))
                continue
            self._now = wish
            work = loop.run_in_executor(self._pool, wish.work, wish.stop.is_set)
            try:
                result = await self._watched(work, wish)
            except Stopped as error:
                if wish.again:
                    wish.again, wish.stop = False, threading.Event()
                    queue.appendleft(wish)
                else:
                    _fail(wish, error)
            except Exception as error:  # the asker is told; the lane goes on
                _fail(wish, error)
            else:
                if not wish.done.done():
                    wish.done.set_result(result)
            finally:
                self._now = None

    async def _watched(self, work: asyncio.Future[Any], wish: _Wish) -> Any:
        """Wait for work that has begun; it is told to stop when the asker leaves."""
        while wish.gone is not None:
            done, _ = await asyncio.wait([work], timeout=_LOOK)
            if done:
                break
            if await wish.gone():
                wish.again = False
                wish.stop.set()
                break
        return await work

    def close(self) -> None:
        """Let the worker thread end after what it is at."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _fail(wish: _Wish, error: Exception) -> None:
    if not wish.done.done():
        wish.done.set_exception(error)
