"""Renders a corpus: people, light and codings from seeds; for each sitting the person's neutral
under the same light and pose.

Layout and fields are facs-text's corpus format. The unit of work is a shard of people, whose name
follows from seed and number and which is there when it is whole: any process on any machine can
make it, making it twice does no harm, and what is left to do is what is not there. The same seed
gives the same bytes, whatever the number of processes, machines and parts.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import asdict, fields
from functools import partial
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import auface_gen
import facs_text
from auface_gen.codings.mixture import CONFLICT_FOLDS, HELD_OUT_PAIRS, MIXTURE
from auface_gen.corpus.assemble import LAYOUTS, PARTS, assemble, is_whole, shard_folder
from auface_gen.corpus.crew import executor_of, in_order, in_order_of_completion
from auface_gen.corpus.plan import CorpusPlan, Shard
from auface_gen.corpus.shard import ShardTask, render_shard
from auface_gen.corpus.sitting import rows
from auface_gen.errors import AUFaceGenError
from auface_gen.files import write_whole
from auface_gen.rig.facexmodel import KNOWN_MEAN_FACES, mean_face_digest
from auface_gen.rig.move import Rig
from facs_text.corpus import CorpusRow

__all__ = ["LOOK", "plan_lines", "plan_rows", "remember", "render_corpus"]

LOOK = 7
"""Number of the look of the rig, to be raised when shapes, correctives, skin, hair, resting faces,
people, light, crop, denoising or rendering change what a picture shows.
"""

_LOG = logging.getLogger(__name__)


def plan_rows(plan: CorpusPlan, *, part: tuple[int, int] = (1, 1)) -> Iterator[CorpusRow]:
    """The rows of a corpus, or of every n-th of its shards from the i-th on, without a picture."""
    for shard in plan.shards(part):
        for sitting in plan.sittings_of(shard):
            for row, _ in rows(sitting):
                yield row


def plan_lines(
    plan: CorpusPlan, *, part: tuple[int, int] = (1, 1), workers: int | str | None = 1
) -> Iterator[str]:
    """Lines of metadata.jsonl of the rows of `plan_rows`, a shard at a time, by workers as
    `render_corpus` has them.
    """
    with executor_of(workers) as crew:
        yield from in_order(partial(_lines, plan), plan.shards(part), crew)


def _lines(plan: CorpusPlan, shard: Shard) -> str:
    found = (rows(sitting) for sitting in plan.sittings_of(shard))
    return "".join(row.to_json() + "\n" for some in found for row, _ in some)


def render_corpus(
    out: str | Path,
    *,
    rig: str | Path,
    plan: CorpusPlan = CorpusPlan(),  # noqa: B008 - frozen
    layout: str = "folder",
    part: tuple[int, int] | None = None,
    workers: int | str | None = None,
    executor: Executor | None = None,
    variant: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Path:
    """Render a corpus into the folder `out`, and return it.

    rig: FaceXModel folder or packed .npz of ICT-FaceKit. layout: "folder" is an image folder,
    "shards" WebDataset's tars. part: (i, n), every n-th shard from the i-th on, and the corpus is
    not put together; when all parts are there, a call without `part` does that. workers: processes,
    as many as there are cores unless told, or "dask://HOST:PORT"; executor: does the work instead.
    Workers on other machines must see `out` and `rig` at the same paths. variant: of mitsuba, the
    fastest that works unless told. progress: called with pictures done and in all. tell: called
    with a line that names the variant, and with one when the rig is of no edition that is known;
    else the log has them.

    Raises AUFaceGenError when the rig or mitsuba is missing, when `out` holds a corpus of other
    settings or cannot be written, and WorkFailed when the disk is full or a process was ended
    from outside; the shards that are whole are kept then.
    """
    if layout not in LAYOUTS:
        raise AUFaceGenError(f"layout={layout!r}: one of {', '.join(LAYOUTS)}")
    if part is not None and not 1 <= part[0] <= part[1]:
        raise AUFaceGenError(f"part={part[0]}/{part[1]}: from 1/{part[1]} to {part[1]}/{part[1]}")
    root, rig, tell = Path(out), Path(rig), tell or _LOG.warning
    if root.exists() and not root.is_dir():  # before the rig and the renderer are started
        raise AUFaceGenError(f"{root} is a file: name a folder for the corpus")
    settings = _settings(plan, rig, layout, variant, tell)
    remember(root / PARTS / "settings.json", settings)
    tell(f"rendering with mitsuba {settings['mitsuba']}, variant {settings['variant']}")

    done, total = 0, plan.pictures_in_part(part or (1, 1))
    report = progress or (lambda done, total: None)
    folder = str(shard_folder(root, layout))

    def left() -> Iterator[ShardTask]:
        """Shards that are not there yet; those that are count as done."""
        nonlocal done
        for shard in plan.shards(part or (1, 1)):
            if is_whole(root, plan, shard, layout):
                done += plan.pictures_in(shard)
                report(done, total)
            else:
                yield ShardTask(plan, shard, folder, str(rig), settings["variant"])

    report(0, total)
    if executor is not None:
        for count in in_order_of_completion(render_shard, left(), executor):
            done += count
            report(done, total)
    else:
        with executor_of(workers) as crew:
            for count in in_order_of_completion(render_shard, left(), crew):
                done += count
                report(done, total)
    if part is None:
        held_out = HELD_OUT_PAIRS if plan.codings == "mixture" else ()
        pairs = ["+".join(sorted(p, key=int)) for p in held_out]
        folds = [list(fold) for fold in CONFLICT_FOLDS]
        about = {"render": settings, "held_out_pairs": pairs, "conflict_folds": folds}
        assemble(root, plan, layout, about)
    return root


def _settings(
    plan: CorpusPlan, path: Path, layout: str, variant: str | None, tell: Callable[[str], None]
) -> dict[str, Any]:
    """All that decides a corpus's bytes."""
    rig = Rig.load(path)
    try:
        renderer = version("mitsuba")
    except PackageNotFoundError:
        raise AUFaceGenError("rendering needs mitsuba: pip install 'auface-gen[rig]'") from None
    known = mean_face_digest({f.name: getattr(rig, f.name) for f in fields(rig)})
    if known not in KNOWN_MEAN_FACES:
        tell(
            f"{path}: the mean face is of no edition of ICT-FaceKit that is known here (SHA-256 "
            f"{known[:12]}); pictures may differ from those of the published one"
        )
    return {
        **asdict(plan),
        "layout": layout,
        "mixture": MIXTURE,
        "look": LOOK,
        "rules": _rules_digest(),
        "rig": _digest(rig),
        "rig_edition": KNOWN_MEAN_FACES.get(known, "unknown"),
        "variant": _checked_variant(variant),
        "mitsuba": renderer,
        "auface_gen": auface_gen.__version__,
        "facs_text": facs_text.__version__,
    }


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


def remember(path: Path, settings: dict[str, Any]) -> None:
    """Keep, in a file two folders down in a corpus, what it was begun with. Raises AUFaceGenError
    when it was begun with something else.
    """
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
