"""How fast a corpus is rendered, beside the renderer's own rate on the same scene.

    python benchmarks/render_rate.py FACEXMODEL_OR_NPZ [--workers 2] [--rounds 3] [--out FILE]

In turn, and in all workers at once, for each size: the pipeline (whole sittings as `auface corpus
render` makes them: person, scene, vertices, lines in the skin, rendering, grain filter, PNG on
disk, rows); the renderer alone on the last scene of that sitting, same samples, nothing changed
(bare); and the renderer alone with the vertices sent anew each time, as any animation needs, so
that it builds its tree again (bare, moving). Seconds are those of the slowest worker. What the
pipeline spends beside rendering is timed part by part in a pass of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from auface_gen import jobs
from auface_gen.variant import fastest_variant

SITTING = 21  # pictures of the pipeline's sittings
BARE = 10  # pictures of the renderer alone
COSTS = (10_000, 302_000)


def measure(
    rank: int,
    workers: int,
    barrier: Any,
    answers: Any,
    rig: str,
    variant: str,
    size: int,
    rounds: int,
) -> None:
    """One worker: seconds of each phase and round, and the parts of a picture."""
    import mitsuba as mi

    with tempfile.TemporaryDirectory() as folder:
        plan = list(
            jobs.plan_jobs(
                Path(folder), rig, count=SITTING * workers * (rounds + 1), sittings=1,
                per_sitting=SITTING, seed=0, size=size, samples=samples(), variant=variant,
            )
        )[rank::workers]  # fmt: skip
        # imports, kernels and what a process makes once
        jobs.render_job(replace(plan[0], codings=plan[0].codings[:2]))
        seconds: dict[str, list[float]] = {"pipeline": [], "bare": [], "bare, moving": []}
        for job in plan[1 : 1 + rounds]:
            sitting = jobs._sitting(job)
            sitting.render({})
            scene, params = sitting._scene, sitting._params
            part = next(k for k in params.keys() if k.endswith("vertex_positions"))  # noqa: SIM118
            still = np.array(params[part])

            def bare(scene: Any = scene) -> None:
                np.array(mi.render(scene, spp=samples(), seed=1))

            def moving(
                params: Any = params, part: str = part, still: np.ndarray = still,
                bare: Callable[[], None] = bare,
            ) -> None:  # fmt: skip
                params[part] = still
                params.update()
                bare()

            for name, once in (("bare", bare), ("bare, moving", moving)):
                once()
                seconds[name].append(
                    timed(barrier, lambda once=once: [once() for _ in range(BARE)])
                )
            seconds["pipeline"].append(timed(barrier, partial(jobs.render_job, job)))
        answers.put((rank, seconds, parts(plan[1])))


def timed(barrier: Any, work: Callable[[], object]) -> float:
    """Seconds of work that all workers begin together."""
    barrier.wait()
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    barrier.wait()
    return seconds


def parts(job: jobs.Job) -> dict[str, float]:
    """Milliseconds a picture of what is done beside rendering."""
    from mitsuba import SceneParameters

    from auface_gen import render, skin

    spent: dict[str, float] = {}

    def watch(home: Any, name: str, label: str) -> Callable[[], None]:
        inner = getattr(home, name)

        def outer(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return inner(*args, **kwargs)
            finally:
                spent[label] = spent.get(label, 0.0) + time.perf_counter() - began

        setattr(home, name, outer)
        return lambda: setattr(home, name, inner)

    watched = [
        (SceneParameters, "update", "scene update (the renderer's tree)"),
        (skin.SkinMap, "lined", "lines in the skin"),
        (render.RigMeshes, "normals", "normals"),
        (render.Sitting, "vertices", "vertices"),
        (render, "denoise", "grain filter"),
        (render.Sitting, "_describe", "scene, once a sitting"),
        (jobs, "_sitting", "person, once a sitting"),
        (jobs, "_png", "PNG"),
        (jobs, "write_whole", "files"),
    ]
    undo = [watch(*w) for w in watched if hasattr(w[0], w[1])]
    few = job.codings[:7]
    jobs.render_job(replace(job, codings=few))
    for back in undo:
        back()
    return {k: 1000 * v / (SITTING if "once" in k else len(few)) for k, v in spent.items()}


def samples() -> int:
    """Samples a pixel that a corpus is rendered with unless told."""
    import inspect

    from auface_gen.synthesize import render_corpus

    return int(inspect.signature(render_corpus).parameters["samples"].default)


def run(rig: str, variant: str, size: int, workers: int, rounds: int) -> dict[str, Any]:
    """Rates of one size."""
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(workers), context.Queue()
    processes = [
        context.Process(
            target=measure, args=(i, workers, barrier, answers, rig, variant, size, rounds)
        )
        for i in range(workers)
    ]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    rate = {
        phase: workers
        * (SITTING if phase == "pipeline" else BARE)
        / float(np.median([max(s[phase][r] for _, s, _ in found) for r in range(rounds)]))
        for phase in found[0][1]
    }
    return {
        "size": size,
        "samples": samples(),
        "pictures_per_second": {k: round(v, 3) for k, v in rate.items()},
        "overhead_percent": {
            "over bare": round(100 * (rate["bare"] / rate["pipeline"] - 1), 1),
            "over bare, moving": round(100 * (rate["bare, moving"] / rate["pipeline"] - 1), 1),
        },
        "ms_a_picture_beside_rendering": {
            k: round(float(np.mean([p.get(k, 0.0) for _, _, p in found])), 2) for k in found[0][2]
        },
        "hours": {str(n): round(n / rate["pipeline"] / 3600, 2) for n in COSTS},
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("rig")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/render_rate.json"))
    args = parser.parse_args()
    variant = fastest_variant()
    report = {
        "variant": variant,
        "mitsuba": version("mitsuba"),
        "workers": args.workers,
        "rounds": args.rounds,
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "sizes": [run(args.rig, variant, s, args.workers, args.rounds) for s in args.sizes],
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    beside = args.out.with_name(args.out.name + ".part")
    beside.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    beside.replace(args.out)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
