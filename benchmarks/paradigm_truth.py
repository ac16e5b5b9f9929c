"""What the comparison measures pictures against (`paradigm.py`): both truths, strata, outcomes.

Not run by itself.

N pictures, A columns of a detector, S side in pixels, D numbers of a descriptor.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from held_out_people import HeldOutPeople, decibels, moved, see, units_of
from paradigm_statistics import conflict_terms, descriptor, ratio, separability, side_terms
from PIL import Image

from aaad import AAADError, Detector, aaad, targets
from aaad.identity import Identity
from aaad.landmarks import Landmarker
from aaad.likeness import likeness
from aaad.pictures import resized
from auface_gen import AUFaceGenError
from facs_text import Coding, corpus, resolve

__all__ = ["Seen", "Truth", "Twin", "kind_of"]

_VIEW = 1.4  # of the landmark network, in sides of the crop, as in its training


@dataclass
class Seen:
    """What was measured of pictures, N rows each: pred (N, A, 6), error on moved pixels (root mean
    square, 0 to 1) by each truth, error of the 68 landmarks (a mean, in widths between the outer
    eye corners), terms (N, 2) of the conflict and side scores, identity
    embeddings; and, by part of the face and person, how well it tells them from true renders.
    """

    pred: np.ndarray
    error: np.ndarray
    landmarks: np.ndarray
    conflict: np.ndarray
    side: np.ndarray
    identity: np.ndarray | None
    apart: dict[str, dict[str, float]]
    raw_error: np.ndarray | None = None


class Truth:
    """The test people, what was asked, both truths, and the networks that look."""

    def __init__(self, args: argparse.Namespace, pairs: Sequence[str]) -> None:
        self.people = HeldOutPeople.read(args.corpus, people=args.people)
        self.detector = Detector.from_pretrained(args.detector, device="cpu")
        self.identity = (
            Identity.from_pretrained(args.identity, device="cpu") if args.identity else None
        )
        self.landmarker = Landmarker.from_pretrained(device="cpu")
        self.min_count, self.pairs = args.min_count, list(pairs)
        self.where = moved(self.people.true, self.people.rest)
        self.twin = Twin.read(args.twin, self.people) if args.twin else None
        if self.identity is not None:
            self.rest_looks = self._looks(self.people.rest)

    def _looks(self, pictures: np.ndarray) -> np.ndarray:
        assert self.identity is not None
        return self.identity(np.stack([resized(p, self.identity.size) for p in pictures]))

    def see(self, pictures: np.ndarray) -> Seen:
        """Everything that is measured of pictures of all rows."""
        people = self.people
        pred = see(self.detector, pictures, people.rest)
        identity = None
        if self.identity is not None:
            identity = self._looks(pictures)
        apart = {
            part: separability(self.parts[part], parts_of(pictures, people, part), people.people)
            for part in ("lips", "lids")
        }
        return Seen(
            pred,
            10 ** (-decibels(pictures, people.true, self.where) / 20),
            self._astray(pictures),
            conflict_terms(pred, people.wanted, people.asked),
            side_terms(pred, people.wanted),
            identity,
            apart,
            None if self.twin is None else self.twin.error(pictures, people),
        )

    def _points(self, pictures: np.ndarray) -> np.ndarray:
        """(N, 68, 2) where the landmark network finds the face."""
        side = pictures.shape[1]
        found = [self.landmarker(p, (side / 2, side / 2), _VIEW * side)[0] for p in pictures]
        return np.stack(found)

    def _astray(self, pictures: np.ndarray) -> np.ndarray:
        """(N,) how far landmarks are from those that the same network finds in the true render."""
        across = np.linalg.norm(self.points[:, 36] - self.points[:, 45], axis=1)
        apart = np.linalg.norm(self._points(pictures) - self.points, axis=2).mean(1)
        return apart / np.maximum(across, 1e-6)

    @cached_property
    def points(self) -> np.ndarray:
        """(N, 68, 2) the landmarks found in the true renders."""
        return self._points(self.people.true)

    @cached_property
    def parts(self) -> dict[str, np.ndarray]:
        """Descriptors of lips and lids of the true renders."""
        return {p: parts_of(self.people.true, self.people, p) for p in ("lips", "lids")}

    @cached_property
    def strata(self) -> dict[str, np.ndarray]:
        """Rows by what anatomy does to what was asked of them."""
        left = set(map(frozenset, (pair.split("+") for pair in self.pairs)))
        new = [frozenset(pair.split("+")) for pair in self.people.held_out_pairs]
        found: dict[str, list[int]] = {
            "left_out": [], "composition": [], "conflict": [], "implied": [], "none": [],
        }  # fmt: skip
        for i, coding in enumerate(self.people.asked):
            units = units_of(coding)
            if any(pair <= units for pair in left):
                found["left_out"].append(i)
            elif any(pair <= units for pair in new):
                found["composition"].append(i)
            else:
                found[kind_of(coding)].append(i)
        return {name: np.array(rows, int) for name, rows in found.items()}

    @cached_property
    def pair_labels(self) -> list[str]:
        """The first pair of each row that is left out of training or never in it; else empty."""
        pairs = [*self.pairs, *self.people.held_out_pairs]
        rows = [units_of(coding) for coding in self.people.asked]
        return [next((p for p in pairs if set(p.split("+")) <= row), "") for row in rows]

    def outcomes(self, stratum: str) -> dict[str, Callable[[Seen, np.ndarray], float]]:
        """What is compared in a stratum: functions of what was seen and rows of it. Lower is better
        for errors and separability.
        """
        people = self.people
        who = np.array(people.people)

        def score(pred: np.ndarray, wanted: np.ndarray, keep: np.ndarray) -> float:
            if not len(keep):
                return float("nan")
            try:
                return aaad(
                    pred[keep], wanted[keep], groups=who[keep], subjects=who[keep],
                    min_count=self.min_count, interval=False,
                ).aaad  # fmt: skip
            except AAADError:
                return float("nan")

        def headline(seen: Seen, keep: np.ndarray) -> float:
            return score(seen.pred, people.wanted, keep)

        found: dict[str, Callable[[Seen, np.ndarray], float]] = {
            "aaad": headline,
            "moved_error": lambda seen, keep: float(np.nanmean(seen.error[keep])),
            "landmark_error": lambda seen, keep: float(seen.landmarks[keep].mean()),
        }
        if stratum in ("left_out", "conflict", "composition"):
            found["conflict"] = lambda seen, keep: ratio(seen.conflict[keep])
        if stratum == "all":
            found["side"] = lambda seen, keep: ratio(seen.side[keep])
            for part in ("lips", "lids"):
                found[f"separability_{part}"] = lambda seen, keep, part=part: _mean(
                    [seen.apart[part].get(name) for name in sorted(set(who[keep]))]
                )
            if self.identity is not None:
                found["identity"] = lambda seen, keep: _auc(
                    seen.identity[keep], self.rest_looks[keep], who[keep]
                )
        if stratum == "left_out" and self.twin is not None:
            wanted = self.twin.wanted
            found["aaad_raw_truth"] = lambda seen, keep: score(
                seen.pred, wanted, keep[self.twin.there[keep]]
            )
            found["moved_error_raw_truth"] = lambda seen, keep: float(
                np.nanmean(seen.raw_error[keep])
            )
        return found


@dataclass
class Twin:
    """The second truth of the rows that have one. there (N,) bool, true (N, S, S, 3), wanted."""

    there: np.ndarray
    true: dict[int, np.ndarray]
    wanted: np.ndarray

    @classmethod
    def read(cls, root: Path, people: HeldOutPeople) -> Twin:
        """Raises AUFaceGenError where it is of other rows."""
        rows = {r.file_name: r for r in corpus.read(root, "test")}
        there = np.array([r.file_name in rows for r in people.rows])
        if not there.any():
            raise AUFaceGenError(f"{root} is not the raw twin of this corpus: no row in common")
        wanted, true = people.wanted.copy(), {}
        for i in np.flatnonzero(there).tolist():
            name = people.rows[i].file_name
            wanted[i] = targets([rows[name].aus])[0]
            true[i] = np.asarray(Image.open(root / "test" / name).convert("RGB"))
        return cls(there, true, wanted)

    def error(self, pictures: np.ndarray, people: HeldOutPeople) -> np.ndarray:
        """(N,) error on the pixels that moved in the second truth, NaN where there is none."""
        out = np.full(len(pictures), np.nan)
        for i, true in self.true.items():
            where = moved(true[None], people.rest[i : i + 1])
            out[i] = 10 ** (-decibels(pictures[i : i + 1], true[None], where)[0] / 20)
        return out


def kind_of(coding: Coding) -> str:
    """What anatomy does: "implied" adds a unit that nobody asked for, whatever else; "conflict"
    takes something back and adds none; "none" leaves the coding as it is.
    """
    held, raw = (resolve(coding, mode=mode).activations for mode in ("warn", "off"))
    less = any(
        held.get(unit, {}).get(side, 0.0) < value - 1e-9
        for unit, sides in raw.items()
        for side, value in sides.items()
    )
    more = set(held) - set(raw)
    if more:
        return "implied"
    return "conflict" if less or held != raw else "none"


def parts_of(pictures: np.ndarray, people: HeldOutPeople, part: str) -> np.ndarray:
    """(N, D) descriptors of lips or lids, where the corpus's landmarks of the true render are."""
    groups = {"lips": ((48, 68),), "lids": ((36, 42), (42, 48))}[part]
    margin, shape = {"lips": (0.2, (64, 32)), "lids": (0.5, (48, 32))}[part]
    found = []
    for first, last in groups:
        crops = []
        for picture, row in zip(pictures, people.rows, strict=True):
            points = np.asarray(row.extra["landmarks"], float)[first:last]
            low, high = points.min(0), points.max(0)
            edge = np.maximum((high - low).max() * margin, 1.0)
            box = (*np.floor(low - edge), *np.ceil(high + edge))
            cut = Image.fromarray(picture).crop(tuple(map(int, box)))
            crops.append(np.asarray(cut.resize(shape, Image.Resampling.BILINEAR)))
        found.append(descriptor(np.stack(crops)))
    return np.mean(found, 0)


def _mean(values: Sequence[float | None]) -> float:
    known = [v for v in values if v is not None and np.isfinite(v)]
    return float(np.mean(known)) if known else float("nan")


def _auc(pictures: np.ndarray, rest: np.ndarray, people: np.ndarray) -> float:
    found = likeness(pictures, rest, people.tolist())
    return float("nan") if found is None else found.auc
