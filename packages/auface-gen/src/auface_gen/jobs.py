"""One sitting of a corpus: which pictures it has, and rendering them in a process of its own."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

from auface_gen.codings import Plan
from auface_gen.errors import AUFaceGenError
from auface_gen.people import Light, Person
from auface_gen.rig import Rig
from facs_text import parse, resolve

__all__ = [
    "Job",
    "cannot_write",
    "end_with_parent",
    "plan_jobs",
    "render_job",
    "split_of",
    "write_whole",
]


@dataclass(frozen=True)
class Job:
    """One sitting to render: `codings` are (kind, codes), the person at rest first."""

    root: str
    rig: str
    split: str
    person: int
    light: int
    codings: tuple[tuple[str, str], ...]
    size: int
    samples: int
    variant: str

    @property
    def subject(self) -> str:
        return f"p{self.person:05d}"

    @property
    def part(self) -> Path:
        """Its rows, there when all its pictures are."""
        return Path(self.root) / ".parts" / f"{self.split}-{self.subject}-{self.light}.jsonl"


def split_of(index: int) -> str:
    """Split of the index-th person: 1 in 10 for valid, 1 in 10 for test, never two splits for one
    person.
    """
    return {8: "valid", 9: "test"}.get(index % 10, "train")


def plan_jobs(
    root: Path,
    rig: str,
    *,
    count: int,
    sittings: int,
    per_sitting: int,
    seed: int,
    size: int,
    samples: int,
    variant: str,
) -> Iterator[Job]:
    """The sittings of `count` pictures, person by person; the last one may be shorter."""
    plan = Plan(seed)
    for index, start in enumerate(range(0, count, per_sitting)):
        person = index // sittings
        split = split_of(person)
        asked = plan.sitting(
            index,
            min(per_sitting, count - start) - 1,
            per_sitting - 1,
            held_out=split == "test",
        )
        yield Job(
            root=str(root),
            rig=rig,
            split=split,
            person=10_000 * (seed % 9) + person,
            light=100_000 * seed + index,
            codings=(("neutral", "0"), *((kind, str(coding)) for kind, coding in asked)),
            size=size,
            samples=samples,
            variant=variant,
        )


def end_with_parent() -> None:
    """Have this process end when the one that started it does, even if that one was killed."""
    parent = parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


_STATE: dict[str, Any] = {}


def render_job(job: Job) -> int:
    """Render one sitting, write its pictures and then its rows; returns how many.

    Nothing half-written keeps its name. Raises AUFaceGenError naming the file when the disk is
    full or cannot be written.
    """
    sitting = _sitting(job)
    folder = Path(job.root) / job.split / job.subject
    rows, neutral = [], f"{job.subject}/{job.light}_000.png"
    for i, (kind, codes) in enumerate(job.codings):
        resolution = resolve(parse(codes))
        name = f"{job.subject}/{job.light}_{i:03d}.png"
        write_whole(folder / Path(name).name, _png(sitting.render(resolution.activations)))
        rows.append(
            {
                "file_name": name,
                "text_seed": job.light * 1000 + i,
                "requested": codes,
                "kind": kind,
                "aus": {u: dict(s) for u, s in resolution.activations.items()},
                "subject": job.subject,
                "neutral": neutral,
                "person_seed": job.person,
                "light_seed": job.light,
            }
        )
    lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
    write_whole(job.part, lines.encode())
    return len(rows)


def _sitting(job: Job) -> Any:
    """The person under the light; what all sittings share is made once a process."""
    from auface_gen.render import RigMeshes, Sitting, mitsuba
    from auface_gen.skin import SkinMap

    if _STATE.get("rig") != job.rig:
        mitsuba(job.variant)
        if job.variant.startswith("llvm"):
            import drjit

            drjit.set_thread_count(1)
        rig = Rig.load(job.rig)
        _STATE.update(rig=job.rig, model=rig, skin=SkinMap.build(rig), meshes=RigMeshes(rig))
    return Sitting(
        _STATE["model"],
        _STATE["meshes"],
        _STATE["skin"],
        Person.from_seed(job.person),
        Light.from_seed(job.light),
        size=job.size,
        samples=job.samples,
    )


def _png(picture: Any) -> bytes:
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.fromarray(picture).save(file, format="PNG")
    return file.getvalue()


def write_whole(path: Path, data: bytes) -> None:
    """Write beside and rename, so that the file is there whole or not at all.

    Raises AUFaceGenError that says what to do.
    """
    beside = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> AUFaceGenError:
    """The error for a file of a corpus, with what to do."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return AUFaceGenError(
        f"{path} cannot be written: {error.strerror or error}; "
        f"{'make room' if full else 'mend that'} and run the same command again: "
        "the sittings that are whole are kept"
    )
