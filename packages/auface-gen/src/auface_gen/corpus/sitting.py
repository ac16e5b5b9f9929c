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

from auface_gen.codings.mixture import Plan
from auface_gen.errors import AUFaceGenError, WorkFailed
from auface_gen.picture.people import Light, Person
from auface_gen.rig.move import Rig
from auface_gen.rig.units import Activations
from facs_text import describe, parse, resolve
from facs_text.corpus import CorpusRow

__all__ = [
    "Job",
    "cannot_write",
    "end_with_parent",
    "landmarks_of",
    "plan_jobs",
    "read_part",
    "render_job",
    "split_of",
    "write_whole",
]


@dataclass(frozen=True)
class Job:
    """One sitting to render: the index-th of the plan of `seed`, `count` pictures, the person at
    rest first; `stride` pictures are a full sitting.
    """

    root: str
    rig: str
    split: str
    person: int
    light: int
    seed: int
    index: int
    count: int
    stride: int
    size: int
    samples: int
    variant: str

    @property
    def subject(self) -> str:
        return f"p{self.person:05d}"

    @property
    def codings(self) -> list[tuple[str, str]]:
        """(kind, codes) of its pictures, drawn when asked for: by the process that renders them."""
        asked = Plan(self.seed).sitting(
            self.index, self.count - 1, self.stride - 1, held_out=self.split == "test"
        )
        return [("neutral", "0"), *((kind, str(coding)) for kind, coding in asked)]

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
    """The sittings of `count` pictures, person by person; the last one may be shorter.

    Corpora of two seeds share no person while none has more than 10,000, and no light while none
    has more than 100,000 sittings.
    """
    for index, start in enumerate(range(0, count, per_sitting)):
        person = index // sittings
        yield Job(
            root=str(root),
            rig=rig,
            split=split_of(person),
            person=10_000 * seed + person,
            light=100_000 * seed + index,
            seed=seed,
            index=index,
            count=min(per_sitting, count - start),
            stride=per_sitting,
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

    A row is made whole here, with its codes and texts, so that words and picture come from one
    resolution. Nothing half-written keeps its name. Raises AUFaceGenError naming the file when
    the disk is full or cannot be written.
    """
    sitting = _sitting(job)
    folder = Path(job.root) / job.split / job.subject
    lines, neutral = [], f"{job.subject}/{job.light}_000.png"
    for i, (kind, codes) in enumerate(job.codings):
        resolution, seed = resolve(parse(codes)), job.light * 1000 + i
        points, pose = landmarks_of(sitting, resolution.activations)
        name = f"{job.subject}/{job.light}_{i:03d}.png"
        write_whole(folder / Path(name).name, _png(sitting.render(resolution.activations)))
        row = CorpusRow(
            file_name=name,
            text=describe(resolution, seed=seed).text,
            text_brief=describe(resolution, detail="brief", seed=seed).text,
            codes=str(resolution.coding),
            aus=resolution.activations,
            subject=job.subject,
            neutral=neutral,
            source="auface-rig",
            extra={
                "requested": codes,
                "kind": kind,
                "person_seed": job.person,
                "light_seed": job.light,
                "landmarks": points,
                "head_pose": pose,
            },
        )
        lines.append(row.to_json() + "\n")
    write_whole(job.part, "".join(lines).encode())
    return len(lines)


def landmarks_of(
    sitting: Any, activations: Activations
) -> tuple[list[list[float]], dict[str, float]]:
    """A row's `landmarks`, 68 x [x, y] pixels of the picture in iBUG's order (to 0.01), and its
    `head_pose`, degrees of yaw, pitch and roll (positive: to the face's own left, down, right).
    """
    pose = sitting.head_pose(activations)
    turned = {axis: round(getattr(pose, axis), 2) for axis in ("yaw", "pitch", "roll")}
    return sitting.landmarks(activations).round(2).tolist(), turned


_OWN = ("file_name", "text", "text_brief", "codes", "aus", "subject", "neutral", "source")


def read_part(job: Job) -> list[CorpusRow] | None:
    """The rows of a sitting that is whole: None when its part is missing or cut, or when one of
    its pictures is gone, and it must be rendered again.
    """
    try:
        found = [json.loads(line) for line in job.part.read_text("utf-8").split("\n") if line]
        rows = [
            CorpusRow(**{k: row.pop(k) for k in _OWN}, extra=row)  # what is left is extra
            for row in found
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    folder = os.path.join(job.root, job.split)
    if len(rows) != job.count:
        return None
    if not all(os.path.isfile(os.path.join(folder, str(row.file_name))) for row in rows):
        return None
    return rows


def _sitting(job: Job) -> Any:
    """The person under the light; what all sittings of a rig and variant share is made once."""
    from auface_gen.picture.render import RigMeshes, Sitting, mitsuba
    from auface_gen.picture.skin import SkinMap

    if _STATE.get("made_for") != (job.rig, job.variant):
        _STATE.clear()  # what another variant made is of no use to this one
        mitsuba(job.variant)
        if job.variant.startswith("llvm"):
            import drjit

            drjit.set_thread_count(1)
        rig = Rig.load(job.rig)
        _STATE.update(model=rig, skin=SkinMap.build(rig), meshes=RigMeshes(rig))
        _STATE["made_for"] = (job.rig, job.variant)
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
    """The error for a file of a corpus, with what to do: WorkFailed when the disk is full or
    fails, a plain AUFaceGenError when the place that was given cannot be written.
    """
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    wrong = isinstance(error, PermissionError | NotADirectoryError | IsADirectoryError)
    kind = AUFaceGenError if wrong or isinstance(error, FileExistsError) else WorkFailed
    return kind(
        f"{path} cannot be written: {error.strerror or error}; "
        f"{'make room' if full else 'mend that'} and run the same command again: "
        "the sittings that are whole are kept"
    )
