"""Who does the work: this process, a pool of processes here, or any Executor, such as Dask's."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from typing import TypeVar

from auface_gen.corpus.shard import end_with_parent
from auface_gen.errors import AUFaceGenError, WorkFailed

__all__ = ["executor_of", "in_order", "in_order_of_completion"]

_PATIENCE = 10  # seconds to find a scheduler
T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def executor_of(workers: int | str | None) -> Iterator[Executor | None]:
    """An executor for `workers`: None for this process alone (1), a pool of so many processes
    (as many as cores for None), or the workers of a Dask cluster ("dask://HOST:PORT").

    Raises AUFaceGenError for what is none of these, and when the cluster cannot be reached.
    """
    if isinstance(workers, str) and not workers.isdecimal():
        with _dask(workers) as executor:
            yield executor
        return
    count = (os.cpu_count() or 1) if workers is None else int(workers)
    if count < 1:
        raise AUFaceGenError(f"workers={workers}: at least 1")
    if count == 1:
        yield None
        return
    pool = ProcessPoolExecutor(
        count, mp_context=multiprocessing.get_context("spawn"), initializer=end_with_parent
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _dask(address: str) -> Iterator[Executor]:
    if not address.startswith("dask://") or not address.removeprefix("dask://"):
        raise AUFaceGenError(f"workers={address!r}: a number, or dask://HOST:PORT")
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise AUFaceGenError("Dask workers need: pip install 'auface-gen[dask]'") from None
    try:
        client = Client(f"tcp://{address.removeprefix('dask://')}", timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise AUFaceGenError(f"{address}: no Dask scheduler answers there ({error})") from None
    try:
        # What a worker makes is a file: asked for twice, it is made twice.
        executor: Executor = client.get_executor(pure=False)
        yield executor
    finally:
        client.close()


def in_order(
    function: Callable[[T], R], tasks: Iterator[T], executor: Executor | None, *, window: int = 64
) -> Iterator[R]:
    """What `function` makes of each task, in the order of the tasks; else as the function below."""
    if executor is None:
        yield from map(function, tasks)
        return
    waiting: deque[Future[R]] = deque()
    for task in tasks:
        waiting.append(executor.submit(function, task))
        if len(waiting) >= window:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def in_order_of_completion(
    function: Callable[[T], R], tasks: Iterator[T], executor: Executor | None, *, window: int = 64
) -> Iterator[R]:
    """What `function` makes of each task, as it is made. At most `window` tasks wait at a time, so
    that their list may be endless.

    Raises WorkFailed when a worker was ended from outside.
    """
    if executor is None:
        yield from map(function, tasks)
        return
    pending: set[Future[R]] = set()
    try:
        for task in tasks:
            pending.add(executor.submit(function, task))
            if len(pending) >= window:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except (AUFaceGenError, KeyboardInterrupt, GeneratorExit):
        raise
    except Exception as error:
        if isinstance(error, BrokenExecutor) or _is_foreign(error):
            raise WorkFailed(
                "a rendering process was ended from outside (often by the system, short of "
                "memory): run the same command again, with fewer workers; the shards that are "
                "whole are kept"
            ) from error
        raise
    finally:
        for future in pending:
            future.cancel()


def _is_foreign(error: Exception) -> bool:
    """Whether an error is a cluster's own: Dask gives up on a task that ended several workers."""
    return type(error).__module__.partition(".")[0] in ("distributed", "dask")
