"""Renders a corpus: people, light and codings from seeds; for each sitting the person's neutral
under the same light and pose.

Layout and fields are facs-text's corpus format. Every sitting is written on its own and recorded
when whole, so a run that was killed goes on where it stopped, and the same seed gives the same
bytes, whatever the number of processes. `codings` draws what is asked, `jobs` renders a sitting.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from auface_gen.codings import HELD_OUT_PAIRS, draw_codings
from auface_gen.errors import AUFaceGenError
from auface_gen.jobs import (
    Job,
    cannot_write,
    end_with_parent,
    plan_jobs,
    render_job,
    split_of,
    write_whole,
)
from auface_gen.rig import Rig
from auface_gen.sheet import corpus_sheet
from facs_text import describe, parse, resolve
from facs_text.corpus import CorpusRow, CorpusWriter

__all__ = ["HELD_OUT_PAIRS", "draw_codings", "render_corpus", "split_of"]

_MIXTURE = 2
"""Number of the mixture of codings: a corpus begun with another cannot be gone on with."""


def render_corpus(
    out: str | Path,
    *,
    rig: str | Path,
    count: int = 12_600,
    size: int = 128,
    seed: int = 0,
    sittings: int = 2,
    per_sitting: int = 21,
    samples: int = 16,
    workers: int | None = None,
    variant: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Render `count` pictures of `size` px into the corpus folder `out`, and return it.

    Each person sits `sittings` times, under another light each time, for `per_sitting` pictures,
    the first at rest; so the default is 300 people (240 to train, 30 each to validate and test).
    samples: a pixel. workers: processes, as many as there are cores unless told. variant: of
    mitsuba, the fastest that works unless told. progress: called with pictures done and in all. A
    contact sheet is put at `out`/sheet.png.

    Raises AUFaceGenError when the rig or mitsuba is missing, when `out` holds a corpus of other
    settings, or when a file cannot be written; the sittings that are whole are kept then.
    """
    from auface_gen.variant import fastest_variant

    if count < 2 or size < 32 or per_sitting < 2 or sittings < 1 or samples < 1:
        raise AUFaceGenError(
            f"count={count}, size={size}, per_sitting={per_sitting}, sittings={sittings}, "
            f"samples={samples}: at least 2, 32, 2, 1 and 1"
        )
    root, rig = Path(out), Path(rig)
    model = Rig.load(rig)
    try:
        renderer = version("mitsuba")
    except PackageNotFoundError:
        raise AUFaceGenError("rendering needs mitsuba: pip install 'auface-gen[rig]'") from None
    settings = {
        "count": count,
        "size": size,
        "seed": seed,
        "sittings": sittings,
        "per_sitting": per_sitting,
        "samples": samples,
        "mixture": _MIXTURE,
        "rig": _digest(model),
        "variant": variant or fastest_variant(),
        "mitsuba": renderer,
    }
    _remember(root / ".parts" / "settings.json", settings)
    jobs = list(
        plan_jobs(
            root,
            str(rig),
            count=count,
            sittings=sittings,
            per_sitting=per_sitting,
            seed=seed,
            size=size,
            samples=samples,
            variant=str(settings["variant"]),
        )
    )
    _render(jobs, workers or os.cpu_count() or 1, progress or (lambda done, total: None))
    _assemble(root, jobs, settings)
    return root


def _render(jobs: Sequence[Job], workers: int, report: Callable[[int, int], None]) -> None:
    """Render the jobs that are not done yet, here or in `workers` processes where that is more
    than one.
    """
    todo = [j for j in jobs if not j.part.exists()]
    total = sum(len(j.codings) for j in jobs)
    done = total - sum(len(j.codings) for j in todo)
    report(done, total)
    if min(workers, len(todo)) <= 1:
        for job in todo:
            done += render_job(job)
            report(done, total)
        return
    pool = ProcessPoolExecutor(
        min(workers, len(todo)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=end_with_parent,
    )
    try:
        for future in as_completed([pool.submit(render_job, j) for j in todo]):
            done += future.result()
            report(done, total)
    except BrokenProcessPool:
        raise AUFaceGenError(
            "a rendering process was ended from outside (often by the system, short of memory): "
            "run the same command again, with fewer workers; the sittings that are whole are kept"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _digest(rig: Rig) -> str:
    """12 hex digits that name the rig's data."""
    digest = hashlib.sha256()
    for array in (rig.neutral, rig.identity, rig.expression, rig.faces):
        digest.update(array.tobytes())
    return digest.hexdigest()[:12]


def _remember(path: Path, settings: dict[str, Any]) -> None:
    if path.exists():
        try:
            before = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise AUFaceGenError(f"{path} is no JSON ({error}): give another folder") from None
        if before != settings:
            other = {k for k in {*before, *settings} if before.get(k) != settings.get(k)}
            raise AUFaceGenError(
                f"{path.parent.parent} was begun with "
                + ", ".join(f"{k}={before.get(k)!r}" for k in sorted(other))
                + ", not "
                + ", ".join(f"{k}={settings.get(k)!r}" for k in sorted(other))
                + ": give another folder"
            )
        return
    write_whole(path, json.dumps(settings).encode())


def _say(row: dict[str, Any]) -> CorpusRow:
    """The row with its texts, which are drawn by the row's own seed."""
    resolution, seed = resolve(parse(row["requested"])), row.pop("text_seed")
    return CorpusRow(
        file_name=row.pop("file_name"),
        text=describe(resolution, seed=seed).text,
        text_brief=describe(resolution, detail="brief", seed=seed).text,
        codes=str(resolution.coding),
        aus=row.pop("aus"),
        subject=row.pop("subject"),
        neutral=row.pop("neutral"),
        source="auface-rig",
        extra=row,
    )


def _assemble(root: Path, jobs: Sequence[Job], settings: dict[str, Any]) -> None:
    """Merge the sittings' rows into each split's metadata.jsonl; write corpus.json and the contact
    sheet.
    """
    for split in ("train", "valid", "test"):
        (root / split / "metadata.jsonl").unlink(missing_ok=True)
    rows = [json.loads(line) for job in jobs for line in job.part.read_text("utf-8").splitlines()]
    splits = [job.split for job in jobs for _ in job.codings]
    sheet = corpus_sheet(
        [
            (r["requested"], r["subject"], root / split / r["file_name"])
            for r, split in zip(rows, splits, strict=True)
            if r["kind"] == "single"
        ]
    )
    about = {
        "render": settings,
        "held_out_pairs": ["+".join(sorted(p, key=int)) for p in HELD_OUT_PAIRS],
    }
    if sheet is not None:
        write_whole(root / "sheet.png", sheet)
        about["contact_sheet"] = "sheet.png: for the eye; not a row"
    try:
        with CorpusWriter(
            root,
            source="auface-rig",
            licence="made with ICT-FaceKit (MIT); the pictures are free to use",
            about=about,
        ) as corpus:
            for row, split in zip(rows, splits, strict=True):
                corpus.add(_say(row), split)
    except OSError as error:
        raise cannot_write(root / "corpus.json", error) from error
