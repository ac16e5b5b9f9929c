"""Workers of all kinds make the bytes that one process makes, and one that is killed is made up
for. With the real rig, where a user has it.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from auface_gen.corpus import crew
from auface_gen.corpus.plan import CorpusPlan
from auface_gen.corpus.render import render_corpus
from auface_gen.errors import AUFaceGenError, WorkFailed

pytestmark = pytest.mark.slow  # renders the same sixteen pictures of the real rig eight times over
PLAN = CorpusPlan(count=16, size=32, sittings=1, per_sitting=2, samples=1, people_per_shard=1)
render = partial(render_corpus, plan=PLAN, layout="shards", variant="scalar_rgb")


def shards(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.glob("*.tar")}


@pytest.fixture(scope="module")
def whole(kit: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one process makes."""
    pytest.importorskip("mitsuba")
    root = render(tmp_path_factory.mktemp("whole"), rig=kit, workers=1)
    return shards(root)


def test_two_processes_make_the_same(kit: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    assert len(whole) == PLAN.shard_count == 8
    assert shards(render(tmp_path / "c", rig=kit, workers=2)) == whole


def test_a_killed_worker_of_an_executor(kit: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        pids = {pool.submit(os.getpid).result()}

        def kill(done: int, total: int) -> None:
            if done >= 4 and pids:
                os.kill(pids.pop(), signal.SIGKILL)

        with pytest.raises(WorkFailed, match="run the same command again"):
            render(tmp_path / "c", rig=kit, executor=pool, progress=kill)
    kept = shards(tmp_path / "c")
    assert 2 <= len(kept) < 8
    assert kept.items() <= whole.items()
    assert shards(render(tmp_path / "c", rig=kit, workers=2)) == whole


@pytest.mark.filterwarnings("ignore")  # Dask's own, of its ports, its clocks and its workers' end
def test_dask_workers_one_of_which_is_killed(
    kit: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    """Dask gives what a lost worker had to the others: the call ends well at once."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, worker_dashboard_address=None
    ) as cluster:
        victims = [worker.pid for worker in cluster.workers.values()][:1]

        def kill(done: int, total: int) -> None:
            if done >= 4 and victims:
                os.kill(victims.pop(), signal.SIGKILL)

        address = cluster.scheduler_address.replace("tcp://", "dask://")
        root = render(tmp_path / "c", rig=kit, workers=address, progress=kill)
    assert not victims
    assert shards(root) == whole


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_is_not_there_is_named(
    kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(crew, "_PATIENCE", 0.5)
    with pytest.raises(AUFaceGenError, match=r"dask://127\.0\.0\.1:1: no Dask scheduler answers"):
        render(tmp_path / "c", rig=kit, workers="dask://127.0.0.1:1")
