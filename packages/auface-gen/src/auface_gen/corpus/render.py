"""Renders a corpus: people, light and codings from seeds; for each sitting the person's neutral
under the same light and pose.

Layout and fields are facs-text's corpus format. Every sitting is written on its own and recorded
when whole, so a run that was killed goes on where it stopped, and the same seed gives the same
bytes, whatever the number of processes. `codings` draws what is asked, `jobs` renders a sitting.
"""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import fields
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import auface_gen
import facs_text
from auface_gen.codings.mixture import HELD_OUT_PAIRS, draw_codings
from auface_gen.corpus.contact_sheet import corpus_sheet
from auface_gen.corpus.sitting import (
    Job,
    cannot_write,
    end_with_parent,
    plan_jobs,
    read_part,
    render_job,
    split_of,
    write_whole,
)
from auface_gen.errors import AUFaceGenError, WorkFailed
from auface_gen.rig.facexmodel import KNOWN_MEAN_FACES, mean_face_digest
from auface_gen.rig.move import Rig
from facs_text.corpus import CorpusRow, CorpusWriter

__all__ = ["HELD_OUT_PAIRS", "draw_codings", "render_corpus", "split_of"]

_MIXTURE = 3
"""Number of the mixture of codings: a corpus begun with another cannot be gone on with."""

_LOOK = 3
"""Number of the look of the rig, to be raised when shapes, correctives, skin, hair, resting faces,
people, light, crop, denoising or rendering change what a picture shows.
"""

_LOG = logging.getLogger(__name__)


def render_corpus(
    out: str | Path,
    *,
    rig: str | Path,
    count: int = 12_600,
    size: int = 128,
    seed: int = 0,
    sittings: int = 2,
    per_sitting: int = 21,
    samples: int = 8,
    workers: int | None = None,
    variant: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Path:
    """Render `count` pictures of `size` px into the corpus folder `out`, and return it.

    Each person sits `sittings` times, under another light each time, for `per_sitting` pictures,
    the first at rest; so the default is 300 people (240 to train, 30 each to validate and test).
    samples: a pixel. workers: processes, as many as there are cores unless told. variant: of
    mitsuba, the fastest that works unless told. progress: called with pictures done and in all. A
    contact sheet is put at `out`/sheet.png. tell: called with a line that names the variant, and
    with one when the rig is of no edition that is known; else the log has them.

    Corpora of other seeds show other people, up to 10,000 people each.

    Raises AUFaceGenError when the rig or mitsuba is missing, when `out` holds a corpus of other
    settings or cannot be written, and WorkFailed when the disk is full or a process was ended
    from outside; the sittings that are whole are kept then.
    """
    if count < 2 or size < 32 or per_sitting < 2 or sittings < 1 or samples < 1 or seed < 0:
        raise AUFaceGenError(
            f"count={count}, size={size}, per_sitting={per_sitting}, sittings={sittings}, "
            f"samples={samples}, seed={seed}: at least 2, 32, 2, 1, 1 and 0"
        )
    if workers is not None and workers < 1:
        raise AUFaceGenError(f"workers={workers}: at least 1")
    root, rig = Path(out), Path(rig)
    model = Rig.load(rig)
    try:
        renderer = version("mitsuba")
    except PackageNotFoundError:
        raise AUFaceGenError("rendering needs mitsuba: pip install 'auface-gen[rig]'") from None
    variant = _checked_variant(variant)
    known = mean_face_digest({f.name: getattr(model, f.name) for f in fields(model)})
    settings: dict[str, Any] = {
        "count": count,
        "size": size,
        "seed": seed,
        "sittings": sittings,
        "per_sitting": per_sitting,
        "samples": samples,
        "mixture": _MIXTURE,
        "look": _LOOK,
        "rules": _rules_digest(),
        "rig": _digest(model),
        "rig_edition": KNOWN_MEAN_FACES.get(known, "unknown"),
        "variant": variant,
        "mitsuba": renderer,
        "auface_gen": auface_gen.__version__,
        "facs_text": facs_text.__version__,
    }
    if known not in KNOWN_MEAN_FACES:
        (tell or _LOG.warning)(
            f"{rig}: the mean face is of no edition of ICT-FaceKit that is known here (SHA-256 "
            f"{known[:12]}); pictures may differ from those of the published one"
        )
    _remember(root / ".parts" / "settings.json", settings)
    (tell or _LOG.info)(f"rendering with mitsuba {renderer}, variant {variant}")
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
            variant=variant,
        )
    )
    _render(jobs, workers or os.cpu_count() or 1, progress or (lambda done, total: None))
    _assemble(root, jobs, settings)
    return root


def _render(jobs: Sequence[Job], workers: int, report: Callable[[int, int], None]) -> None:
    """Render the jobs that are not whole yet, here or in `workers` processes where that is more
    than one.
    """
    todo = [j for j in jobs if read_part(j) is None]
    total = sum(j.count for j in jobs)
    done = total - sum(j.count for j in todo)
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
        raise WorkFailed(
            "a rendering process was ended from outside (often by the system, short of memory): "
            "run the same command again, with fewer workers; the sittings that are whole are kept"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _checked_variant(variant: str | None) -> str:
    """The variant of mitsuba asked for, or the fastest. Raises AUFaceGenError on an unknown one,
    and on one of LLVM's where no LLVM works: it would end the process without a word.
    """
    from auface_gen.picture.mitsuba_variant import fastest_variant

    if variant is None:
        return fastest_variant()
    import mitsuba as mi

    if variant not in mi.variants():
        raise AUFaceGenError(
            f"mitsuba has no variant {variant!r} here: one of {', '.join(mi.variants())}"
        )
    if variant.startswith("llvm") and fastest_variant() != "llvm_ad_rgb":  # which sets its path
        raise AUFaceGenError(
            f"variant {variant}: no LLVM that works was found; name its library in "
            "DRJIT_LIBLLVM_PATH, or take scalar_rgb"
        )
    return variant


def _digest(rig: Rig) -> str:
    """12 hex digits that name all of the rig's data."""
    digest = hashlib.sha256()
    for field in fields(rig):
        array = np.ascontiguousarray(getattr(rig, field.name))
        digest.update(f"{field.name} {array.dtype} {array.shape};".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:12]


def _rules_digest() -> str:
    """12 hex digits that name the data by which codings become words, activations and shapes."""
    digest = hashlib.sha256()
    for package, name in (
        ("facs_text", "units.json"),
        ("facs_text", "rules.json"),
        ("facs_text", "wording.json"),
        ("facs_text", "presets.json"),
        ("auface_gen", "rig_units.json"),
    ):
        value = json.loads(resources.files(package).joinpath("data", name).read_text("utf-8"))
        digest.update(json.dumps([name, value], sort_keys=True).encode())
    return digest.hexdigest()[:12]


def _remember(path: Path, settings: dict[str, Any]) -> None:
    if path.exists():
        try:
            before = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise AUFaceGenError(f"{path} is no JSON ({error}): give another folder") from None
        if not isinstance(before, dict):
            raise AUFaceGenError(f"{path} holds no settings of a corpus: give another folder")
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


def _rows(jobs: Sequence[Job]) -> Iterator[tuple[Job, CorpusRow]]:
    """Each row with its job, read sitting by sitting."""
    for job in jobs:
        rows = read_part(job)
        if rows is None:
            raise WorkFailed(f"{job.part} or a picture of it went: run the same command again")
        for row in rows:
            yield job, row


def _assemble(root: Path, jobs: Sequence[Job], settings: dict[str, Any]) -> None:
    """Merge the sittings' rows into each split's metadata.jsonl; write corpus.json and the contact
    sheet.
    """
    for split in ("train", "valid", "test"):
        (root / split / "metadata.jsonl").unlink(missing_ok=True)
    sheet = corpus_sheet(
        (str(row.extra["requested"]), row.subject, root / job.split / row.file_name)
        for job, row in _rows(jobs)
        if row.extra["kind"] == "single"
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
            for job, row in _rows(jobs):
                corpus.add(row, job.split)
    except OSError as error:
        raise cannot_write(root / "corpus.json", error) from error
