"""Renders a corpus: people, light and codings from seeds; for each sitting the person's neutral
under the same light and pose.

Layout and fields are facs-text's corpus format. Every sitting is written on its own and recorded
when whole, so a run that was killed goes on where it stopped, and the same seed gives the same
bytes.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from auface_gen.errors import AUFaceGenError
from auface_gen.people import Light, Person
from auface_gen.rig import Rig
from facs_text import Action, Coding, describe, parse, resolve
from facs_text.corpus import CorpusRow, CorpusWriter

__all__ = ["HELD_OUT_PAIRS", "draw_codings", "render_corpus", "split_of"]

HELD_OUT_PAIRS: tuple[frozenset[str], ...] = tuple(
    frozenset(pair.split("+"))
    for pair in ("1+12", "4+12", "2+15", "5+10", "9+43", "6+20", "4+26", "12+15", "18+20", "5+43")
)
"""Pairs of units never rendered together for training, conflict pairs among them: only the test
split has them.
"""

_SIDED = ("1", "2", "4", "5", "6", "7", "9", "10", "11", "12", "13", "14", "15", "16", "20", "43")
_LIPS = ("18", "22", "23", "24", "28")
_WHOLE = ("17", "25", "26", "27", "29", "34")
_GAZE = ("61", "62", "63", "64")
_SETS = (  # often seen together in BP4D-like spontaneous behaviour
    "6+12",
    "6+7+12",
    "6+10+12",
    "6+7+10+12",
    "10+12",
    "12+14",
    "6+10+12+14",
    "6+12+25",
    "6+12+25+26",
    "7+10",
    "1+2",
    "1+2+4",
    "1+2+5",
    "1+4",
    "4+7",
    "4+9",
    "4+7+10",
    "4+9+10",
    "9+10+17",
    "10+17",
    "15+17",
    "14+17",
    "17+23",
    "17+24",
    "14+24",
    "7+14",
    "1+2+5+25+26",
    "1+2+25+27",
    "4+5+7+23",
    "4+7+24",
    "1+4+15",
    "1+4+15+17",
    "6+15",
    "20+25",
    "1+2+4+5+20+25",
    "12+25",
    "10+25",
    "16+25",
    "22+25",
    "18+25",
    "23+25",
    "25+26",
    "25+27",
    # prototypes of EMFACS, Du et al. 2014 and PSPI
    "1+2+5+26",
    "1+2+4+5+7+20+26",
    "4+5+7+24",
    "9+15+16",
    "9+17",
    "4+6+7+9+10+43",
    "12+24+64",
    "1+2+12+25",
    "10+12+25",
    "1+4+20+25",
    "4+15+17",
    "4+10+17",
    "1+2+5+20+25",
    "9+16+25",
)
_CONFLICTS = (
    "1+4",
    "2+4",
    "1+9",
    "5+7",
    "5+6",
    "13+15",
    "12+18",
    "12+22",
    "14+18",
    "20+22",
    "20+23",
    "16+17",
    "17+26",
    "17+25",
    "10+17",
    "10+24",
    "24+26",
    "24+25",
    "23+27",
    "18+22",
    "22+28",
    "18+28",
    "10+28",
    "24+27",
    "26+27",
    "12+13",
    "2+6",
    "12+17",
    "12+24",
    "12+23",
    # held out of training:
    "12+15",
    "18+20",
    "5+43",
)


@dataclass(frozen=True)
class _Job:
    """One sitting to render."""

    root: str
    rig: str
    split: str
    person: int
    light: int
    codings: tuple[str, ...]
    size: int
    samples: int
    variant: str

    @property
    def subject(self) -> str:
        return f"p{self.person:05d}"

    @property
    def part(self) -> Path:
        return Path(self.root) / ".parts" / f"{self.split}-{self.subject}-{self.light}.jsonl"


def split_of(index: int) -> str:
    """Split of the index-th person: 1 in 10 for valid, 1 in 10 for test, never two splits for one
    person.
    """
    return {8: "valid", 9: "test"}.get(index % 10, "train")


def draw_codings(rng: np.random.Generator, count: int, *, held_out: bool = False) -> list[Coding]:
    """`count` codings from a mixture: single units, pairs, frequent sets and prototypes, conflicts
    and uniform ones.

    Without `held_out`, no coding contains a pair of `HELD_OUT_PAIRS`; with it, one in four is such
    a pair.
    """
    pairs = [sorted(p, key=int) for p in HELD_OUT_PAIRS]
    out: list[Coding] = []
    while len(out) < count:
        kind = rng.random()
        if held_out and kind < 0.25:
            codes: Sequence[str] = pairs[rng.integers(len(pairs))]
        elif kind < 0.40:
            codes = [_unit(rng)]
        elif kind < 0.55:
            codes = [_unit(rng), _unit(rng)]
        elif kind < 0.80:
            codes = _SETS[rng.integers(len(_SETS))].split("+")
        elif kind < 0.90:
            codes = _CONFLICTS[rng.integers(len(_CONFLICTS))].split("+")
        else:
            codes = [_unit(rng) for _ in range(rng.integers(3, 7))]
        coding = _levels(rng, [c for c in dict.fromkeys(codes) if c in _SHOWN])
        # What stands after resolution counts too: 28 alone implies a lowered jaw, 26.
        present = {a.code for a in coding} | {a.code for a in resolve(coding).coding}
        if coding and (held_out or not any(p <= present for p in HELD_OUT_PAIRS)):
            out.append(coding)
    return out


_SHOWN = frozenset(_SIDED + _LIPS + _WHOLE + _GAZE)
# Three times as often: the units that AU research scores most.
_ODDS = (
    *_SIDED,
    *_LIPS,
    *_WHOLE,
    "1",
    "2",
    "4",
    "6",
    "12",
    "12",
    "15",
    "5",
    "7",
    "26",
    "25",
    "43",
    "10",
    "9",
    "17",
    "1",
    "4",
)


def _unit(rng: np.random.Generator) -> str:
    return str(rng.choice(_GAZE)) if rng.random() < 0.04 else str(rng.choice(_ODDS))


def _levels(rng: np.random.Generator, codes: Sequence[str]) -> Coding:
    actions = []
    one_side = rng.random() < 0.22
    for code in codes:
        level = int(rng.choice([1, 2, 3, 4, 5], p=[0.08, 0.17, 0.27, 0.28, 0.20]))
        side = "both"
        if code in _SIDED and one_side and rng.random() < 0.8:
            side = str(rng.choice(["left", "right"]))
        elif code in ("22", "28") and rng.random() < 0.2:
            side = str(rng.choice(["top", "bottom"]))
        actions.append(Action(code, side, level))
    return Coding.from_actions(actions)


def _jobs(
    root: Path,
    rig: str,
    count: int,
    per_sitting: int,
    seed: int,
    size: int,
    samples: int,
    variant: str,
) -> Iterator[_Job]:
    done, index = 0, 0
    while done < count:
        rng = np.random.default_rng([seed, index])
        split = split_of(index)
        codings = draw_codings(rng, min(per_sitting, count - done) - 1, held_out=split == "test")
        codes = ("0", *(str(c) for c in codings))
        yield _Job(
            str(root),
            rig,
            split,
            10_000 * (seed % 9) + index,
            index + 100_000 * seed,
            codes,
            size,
            samples,
            variant,
        )
        done, index = done + len(codes), index + 1


def render_corpus(
    out: str | Path,
    *,
    rig: str | Path,
    count: int = 5000,
    size: int = 128,
    seed: int = 0,
    per_sitting: int = 22,
    samples: int = 20,
    workers: int | None = None,
    variant: str | None = None,
    progress: Any = None,
) -> Path:
    """Render `count` pictures of `size` px into the corpus folder `out`, and return it.

    `variant` is a mitsuba variant, the fastest that works unless told. Raises AUFaceGenError when
    the rig or mitsuba is missing, or when `out` holds a corpus of other settings.
    """
    from auface_gen.variant import fastest_variant

    if count < 2 or size < 32 or per_sitting < 2:
        raise AUFaceGenError(
            f"count={count}, size={size}, per_sitting={per_sitting}: at least 2, 32 and 2"
        )
    root, rig = Path(out), Path(rig)
    Rig.load(rig)
    variant = variant or fastest_variant()
    settings = {
        "count": count,
        "size": size,
        "seed": seed,
        "per_sitting": per_sitting,
        "samples": samples,
    }
    root.joinpath(".parts").mkdir(parents=True, exist_ok=True)
    _remember(root / ".parts" / "settings.json", settings)
    jobs = list(_jobs(root, str(rig), count, per_sitting, seed, size, samples, variant))
    todo = [j for j in jobs if not j.part.exists()]
    report = progress or (lambda done, total: None)
    finished = sum(len(j.codings) for j in jobs) - sum(len(j.codings) for j in todo)
    report(finished, count)
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(workers or os.cpu_count() or 1, max(1, len(todo)))) as pool:
        for n in pool.imap_unordered(_render, todo):
            finished += n
            report(finished, count)
    _assemble(root, jobs, settings | {"variant": variant})
    return root


def _remember(path: Path, settings: dict[str, Any]) -> None:
    if path.exists():
        before = json.loads(path.read_text("utf-8"))
        if before != settings:
            raise AUFaceGenError(
                f"{path.parent.parent} was begun with {before}, not {settings}: give another folder"
            )
    _write(path, json.dumps(settings))


def _write(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_text(text, "utf-8")
    beside.replace(path)


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


_STATE: dict[str, Any] = {}


def _render(job: _Job) -> int:
    """Render one sitting in a worker; returns how many pictures."""
    from auface_gen.render import RigMeshes, Sitting, mitsuba
    from auface_gen.skin import SkinMap

    if _STATE.get("rig") != job.rig:
        mitsuba(job.variant)
        if job.variant.startswith("llvm"):
            import drjit

            drjit.set_thread_count(1)
        rig = Rig.load(job.rig)
        _STATE.update(rig=job.rig, model=rig, skin=SkinMap.build(rig), meshes=RigMeshes(rig))
    person, light = Person.from_seed(job.person), Light.from_seed(job.light)
    sitting = Sitting(
        _STATE["model"],
        _STATE["meshes"],
        _STATE["skin"],
        person,
        light,
        size=job.size,
        samples=job.samples,
    )
    folder = Path(job.root) / job.split / job.subject
    folder.mkdir(parents=True, exist_ok=True)
    rows, neutral = [], f"{job.subject}/{job.light}_000.png"
    for i, codes in enumerate(job.codings):
        resolution = resolve(parse(codes))
        name = f"{job.subject}/{job.light}_{i:03d}.png"
        path = Path(job.root) / job.split / name
        Image.fromarray(sitting.render(resolution.activations)).save(
            path.with_suffix(".part"), format="PNG"
        )
        path.with_suffix(".part").replace(path)
        rows.append(
            {
                "file_name": name,
                "text_seed": job.person * 1000 + i,
                "requested": codes,
                "aus": {u: dict(s) for u, s in resolution.activations.items()},
                "subject": job.subject,
                "neutral": neutral,
                "person_seed": job.person,
                "light_seed": job.light,
            }
        )
    _write(job.part, "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))
    return len(rows)


def _assemble(root: Path, jobs: Sequence[_Job], settings: dict[str, Any]) -> None:
    """Merge the sittings' rows into each split's metadata.jsonl and write corpus.json."""
    for split in ("train", "valid", "test"):
        (root / split / "metadata.jsonl").unlink(missing_ok=True)
    about = {
        "render": settings,
        "held_out_pairs": ["+".join(sorted(p, key=int)) for p in HELD_OUT_PAIRS],
    }
    with CorpusWriter(
        root,
        source="auface-rig",
        licence="made with ICT-FaceKit (MIT); the pictures are free to use",
        about=about,
    ) as corpus:
        for job in jobs:
            for line in job.part.read_text("utf-8").splitlines():
                corpus.add(_say(json.loads(line)), job.split)
