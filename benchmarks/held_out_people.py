"""What the benchmarks of generators share: the test people of a corpus, and figures of pictures.

Not run by itself. N pictures, S their side in pixels, A columns of a detector.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from aaad import AAADError, Detector, aaad, targets
from aaad.counterfactual import conflicting
from aaad.pictures import resized
from auface_gen import AUFaceGenError
from facs_text import Coding, FacsTextError, corpus, parse, resolve
from facs_text.corpus import CorpusRow
from vq_tokenizer import VQTokenizerError
from vq_tokenizer.training.evaluate import MOVED

__all__ = [
    "HeldOutPeople",
    "decibels",
    "machine",
    "moved",
    "run_main",
    "scored",
    "see",
    "strangers",
    "units_of",
    "write_json",
]


@dataclass(frozen=True)
class HeldOutPeople:
    """Rows of a corpus's test split that are not at rest, and where its pictures lie."""

    folder: Path
    rows: tuple[CorpusRow, ...]
    about: dict[str, Any]

    @classmethod
    def read(cls, root: Path, *, people: int | None = None) -> HeldOutPeople:
        """All pictures of `people` of them, evenly spaced; of all unless told. Raises
        AUFaceGenError for a corpus without such rows.
        """
        rows = [r for r in corpus.read(root, "test") if r.file_name != r.neutral]
        if not rows:
            raise AUFaceGenError(f"{root}: its test split has no pictures that are not at rest")
        about = json.loads((root / "corpus.json").read_text("utf-8"))
        return cls(root / "test", tuple(rows), about).of(people)

    def of(self, people: int | None) -> HeldOutPeople:
        """The pictures of some people, evenly spaced."""
        names = list(dict.fromkeys(r.subject for r in self.rows))
        if people is None or people >= len(names):
            return self
        kept = {
            names[i] for i in np.linspace(0, len(names) - 1, max(1, people)).round().astype(int)
        }
        return self.take([i for i, r in enumerate(self.rows) if r.subject in kept])

    def take(self, keep: Sequence[int]) -> HeldOutPeople:
        """Some of the pictures."""
        return replace(self, rows=tuple(self.rows[i] for i in keep))

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def asked(self) -> list[Coding]:
        """What was asked of each, before anatomy."""
        return [parse(str(r.extra.get("requested", r.codes))) for r in self.rows]

    @cached_property
    def wanted(self) -> np.ndarray:
        """(N, A, 6) what was asked of each, after anatomy."""
        return targets(self.asked)

    @property
    def people(self) -> list[str]:
        """Who is in each."""
        return [str(r.subject) for r in self.rows]

    def picture(self, name: str) -> np.ndarray:
        """(S, S, 3) uint8 by file name."""
        return np.asarray(Image.open(self.folder / name).convert("RGB"))

    @cached_property
    def true(self) -> np.ndarray:
        """(N, S, S, 3) uint8 the true renders."""
        return np.stack([self.picture(r.file_name) for r in self.rows])

    @cached_property
    def rest(self) -> np.ndarray:
        """(N, S, S, 3) uint8 the same people at rest."""
        known = {str(r.neutral): self.picture(str(r.neutral)) for r in self.rows}
        return np.stack([known[str(r.neutral)] for r in self.rows])

    @cached_property
    def sittings(self) -> dict[str, list[int]]:
        """The places of the pictures of each picture at rest, by its file name."""
        found: dict[str, list[int]] = {}
        for i, row in enumerate(self.rows):
            found.setdefault(str(row.neutral), []).append(i)
        return found

    def with_pair(self, pair: str) -> list[int]:
        """Pictures in which both units of a pair ("1+4") are asked for or stand after anatomy."""
        units = set(pair.split("+"))
        return [i for i, coding in enumerate(self.asked) if units <= units_of(coding)]

    @property
    def held_out_pairs(self) -> list[str]:
        """Pairs that are in no training picture."""
        return [str(pair) for pair in self.about.get("held_out_pairs", [])]

    @property
    def folds(self) -> list[list[str]]:
        """The marked conflicts, in folds. Raises AUFaceGenError where the corpus names none."""
        folds = self.about.get("conflict_folds")
        if not folds:
            raise AUFaceGenError(f"{self.folder.parent / 'corpus.json'} names no conflict_folds")
        return [list(map(str, fold)) for fold in folds]


def units_of(coding: Coding) -> set[str]:
    """Codes of the units that are asked for or stand after anatomy."""
    return {a.code for a in coding} | {a.code for a in resolve(coding).coding}


def moved(true: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """(N, S, S) bool: where a true render differs from the person at rest, as the tokenizer's
    own figures have it.
    """
    apart = np.abs(true.astype(np.int16) - rest.astype(np.int16)).max(-1)
    return apart > 255 * MOVED


def decibels(one: np.ndarray, two: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """(N,) PSNR of pictures (N, S, S, 3) uint8; over the pixels `where` (N, S, S), NaN if none."""
    out = np.full(len(one), np.nan)
    for i, (a, b) in enumerate(zip(one, two, strict=True)):
        square = ((a.astype(np.float32) - b) ** 2).mean(-1)
        kept = square if where is None else square[where[i]]
        if kept.size:
            out[i] = 10 * np.log10(255.0**2 / max(float(kept.mean()), 1e-6))
    return out


def see(detector: Detector, pictures: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """(N, A, 6) what a detector sees in pictures (N, S, S, 3) beside the people at rest."""
    seen = []
    for at in range(0, len(pictures), 64):
        part = [
            np.stack([resized(p, detector.size) for p in some[at : at + 64]])
            for some in (pictures, rest)
        ]
        seen.append(detector(*part))
    return np.concatenate(seen)


def strangers(detector: Detector, trained_against: Sequence[str]) -> Detector:
    """The detector, if it may score: one that a generator has learned to please may not."""
    name = detector.id.partition(":")[0]
    if any(known in (name, detector.id) for known in trained_against):
        raise AUFaceGenError(
            f"{detector.id}: the generator was trained against this detector, which cannot score "
            "it; name another with --detector"
        )
    return detector


def scored(
    pred: np.ndarray, rows: HeldOutPeople, detector: str, *, min_count: int = 5
) -> dict[str, Any]:
    """AAAD with its interval and the scores beside it, over all rows and over those in conflict."""
    result = aaad(
        pred,
        rows.wanted,
        groups=rows.people,
        subjects=rows.people,
        codings=rows.asked,
        detector=detector,
        min_count=min_count,
    )
    found: dict[str, Any] = {
        "aaad": result.aaad,
        "ci95": list(result.ci95),
        "balanced": result.balanced,
        "restraint": result.restraint,
        "pictures": result.n,
        **{name: one.value for name, one in result.counterfactuals.items()},
        "gain": {name: one.gain for name, one in result.units.items()},
        "units": {name: one.aaad for name, one in result.units.items()},
    }
    hard = np.flatnonzero(conflicting(rows.asked))
    if len(hard):
        found["conflicts"] = subset(pred, rows, hard.tolist(), min_count)
    return found


def subset(
    pred: np.ndarray, rows: HeldOutPeople, keep: Sequence[int], min_count: int
) -> dict[str, Any]:
    """AAAD of some rows; None, with the reason, where too few ask for anything."""
    some = rows.take(keep)
    try:
        result = aaad(
            pred[list(keep)],
            some.wanted,
            groups=some.people,
            subjects=some.people,
            min_count=min_count,
        )
    except AAADError as error:
        return {"aaad": None, "pictures": len(some), "note": str(error)}
    return {"aaad": result.aaad, "ci95": list(result.ci95), "pictures": result.n}


def machine() -> dict[str, Any]:
    """What a figure was measured on."""
    return {
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }


def write_json(path: Path, value: Any) -> None:
    """Write figures, floats to six digits, NaN as null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_plain(value), indent=1) + "\n", "utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return None if not np.isfinite(value) else float(f"{value:.6g}")
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def run_main(main: Callable[[], None]) -> None:
    """Run a script; for bad input say what was wrong and leave with status 2."""
    try:
        main()
    except (AUFaceGenError, AAADError, FacsTextError, VQTokenizerError, OSError) as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(2)
