"""How fast a corpus is rendered, beside the renderer's own rate on the same scene.

    python benchmarks/render_rate.py FACEXMODEL_OR_NPZ [--workers 2] [--sittings 3] [--out FILE]

In as many processes as `auface corpus render` would use, each picture of some sittings is made in
three ways, one after the other: by the pipeline (vertices, normals, lines in the skin, rendering,
grain filter, PNG on disk; the person and the scene of each sitting too); by the renderer alone on
the same scene with the same samples, nothing sent (bare); and by the renderer alone with the
vertices sent again, as every picture of a moving face needs, so that it builds its tree anew (bare,
moving). What the pipeline spends beside rendering is timed part by part in a pass of its own.
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
from functools import partial
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from auface_gen import files
from auface_gen.corpus import shard as shards
from auface_gen.corpus.plan import CorpusPlan, SittingPlan
from auface_gen.corpus.sitting import codings
from auface_gen.picture.mitsuba_variant import fastest_variant
from facs_text import Coding, resolve

SITTING = CorpusPlan().per_sitting
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
    """One worker: seconds of each way over all its pictures, and the parts of a picture."""
    import mitsuba as mi

    seconds = {"pipeline": 0.0, "bare": 0.0, "bare, moving": 0.0}

    def spend(way: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        made = work()
        seconds[way] += time.perf_counter() - began
        return made

    with tempfile.TemporaryDirectory() as folder:
        plan = CorpusPlan(count=SITTING * workers * (rounds + 1), size=size, sittings=1)
        task = shards.ShardTask(plan, next(plan.shards()), folder, rig, variant)
        mine = [s for shard in plan.shards() for s in plan.sittings_of(shard)][rank::workers]
        # Imports, kernels and what a process makes once.
        shards._painter(task, mine[0]).render({})
        barrier.wait()
        for sitting in mine[1:]:
            painter = spend("pipeline", partial(shards._painter, task, sitting))
            for i, (_, coding) in enumerate(codings(sitting)):
                file = Path(folder) / f"{sitting.light}_{i}.png"
                spend("pipeline", partial(picture, painter, coding, file))
                bare = partial(
                    mi.render,
                    painter._scene,
                    integrator=painter._integrators[0],
                    spp=plan.samples,
                    seed=i,
                )
                spend("bare", lambda bare=bare: np.array(bare()))
                spend("bare, moving", partial(moving, painter._params, bare))
        barrier.wait()
        answers.put((rank, seconds, parts(task, mine[1])))


def picture(painter: Any, coding: Coding, file: Path) -> None:
    """One picture as a corpus has it, on disk."""
    drawn = painter.render(resolve(coding).activations)
    data = BytesIO()
    Image.fromarray(drawn).save(data, format="PNG")
    files.write_whole(file, data.getvalue())


def moving(params: Any, bare: Callable[[], Any]) -> None:
    """The renderer alone, after all vertices were sent again as they are."""
    for key in [k for k in params.keys() if k.endswith("vertex_positions")]:  # noqa: SIM118
        params[key] = params[key]
        params.set_dirty(key)
    params.update()
    np.array(bare())


def parts(task: shards.ShardTask, sitting: SittingPlan) -> dict[str, float]:
    """Milliseconds a picture of what is done beside rendering."""
    from mitsuba import SceneParameters

    from auface_gen.picture import render, skin

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
        (render, "spread_light", "light under the skin"),
        (render.Sitting, "_build", "scene, once a sitting"),
        (shards, "_painter", "person, once a sitting"),
        (Image.Image, "save", "PNG"),
        (files, "write_whole", "files"),
    ]
    undo = [watch(*w) for w in watched]
    few = 7
    painter = shards._painter(task, sitting)
    for i, (_, coding) in enumerate(codings(sitting)[:few]):
        picture(painter, coding, Path(task.folder) / f"part_{i}.png")
    for back in undo:
        back()
    return {k: 1000 * v / (SITTING if "once" in k else few) for k, v in spent.items()}


def run(rig: str, variant: str, size: int, workers: int, sittings: int) -> dict[str, Any]:
    """Rates of one size."""
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(workers), context.Queue()
    processes = [
        context.Process(
            target=measure,
            args=(i, workers, barrier, answers, rig, variant, size, sittings),
            daemon=True,
        )
        for i in range(workers)
    ]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    pictures = sittings * SITTING
    rate = {way: sum(pictures / s[way] for _, s, _ in found) for way in found[0][1]}
    return {
        "size": size,
        "samples": CorpusPlan().samples,
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
    parser.add_argument("--sittings", type=int, default=3, help="a worker")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/render_rate.json"))
    args = parser.parse_args()
    variant = fastest_variant()
    report = {
        "variant": variant,
        "mitsuba": version("mitsuba"),
        "workers": args.workers,
        "sittings_a_worker": args.sittings,
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "sizes": [run(args.rig, variant, s, args.workers, args.sittings) for s in args.sizes],
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    beside = args.out.with_name(args.out.name + ".part")
    beside.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    beside.replace(args.out)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
