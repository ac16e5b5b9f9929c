"""Can a score tell the true text of a picture from one that is almost true?

    python benchmarks/aaad_text_discrimination.py CORPUS [--detector DIR] [--split test]

True renders of people that the detector never saw. Each picture's own coding stands against the
same coding with one thing changed that resolution carries no further:

- added: a unit more, at level C;
- dropped: a unit less, of level B or more;
- side: a one-sided unit on the other side;
- level: a unit two levels up or down.

Of each change and measure: `auc`, the area under the curve of true against changed texts over all
pictures, and `paired`, how often a picture's own text scores above its changed one (ties half),
with an interval over people. The measures: `aaad` (1 - D / C of this package's metric, for the one
picture and text, C the mean over the other pictures), the cosine of action unit vectors, F1 and
accuracy of thresholded presence.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from aaad import COLUMNS, Detector, distance, target
from aaad.columns import column
from aaad.interval import jackknife_error, t_quantile
from aaad.pictures import read_picture
from aaad.ranks import auc
from facs_text import FacsTextError, corpus, parse, resolve

KINDS = ("added", "dropped", "side", "level")
MEASURES = ("aaad", "cosine", "f1", "accuracy")
_TERM = re.compile(r"([LR]?)(\d+)([A-E])")
_UNITS = sorted({int(column(name)[0][2:]) for name in COLUMNS})


def changed(codes: str, kind: str, rng: random.Random) -> Iterator[str]:
    """Codings with one thing changed, in a random order."""
    terms = codes.split("+") if codes != "0" else []
    found = [_TERM.fullmatch(term) for term in terms]
    places = [i for i, match in enumerate(found) if match and int(match[2]) in _UNITS]
    rng.shuffle(places)
    if kind == "added":
        there = {match[2] for match in found if match}
        for unit in rng.sample(_UNITS, len(_UNITS)):
            if str(unit) not in there:
                yield "+".join([*terms, f"{unit}C"])
        return
    for i in places:
        side, unit, level = found[i].groups()  # type: ignore[union-attr]
        rest = terms[:i] + terms[i + 1 :]
        if kind == "dropped" and level >= "B":
            yield "+".join(rest) or "0"
        if kind == "side" and side:
            yield "+".join([*rest, f"{'R' if side == 'L' else 'L'}{unit}{level}"])
        if kind == "level":
            for other in rng.sample((-2, 2), 2):
                letter = chr(ord(level) + other)
                if "A" <= letter <= "E":
                    yield "+".join([*rest, f"{side}{unit}{letter}"])


def first_sound(codes: str, kind: str, rng: random.Random) -> Any | None:
    """The first change that resolution leaves as it is, as a coding; None where there is none."""
    for text in changed(codes, kind, rng):
        try:
            coding = parse(text)
            if resolve(coding).coding == coding and coding != parse(codes):
                return coding
        except FacsTextError:
            continue
    return None


def scores(every: np.ndarray, i: int, asked: np.ndarray) -> dict[str, float]:
    """What each measure makes of picture i of all (N, A, 6) and a text (A, 6); more is better."""
    pred, apart = every[i], distance(every, asked).mean(1)
    chance = float(np.delete(apart, i).mean())
    levels = np.arange(6.0)
    seen, wanted = pred @ levels, asked @ levels
    here, there = pred[:, 0] < 0.5, asked[:, 0] < 0.5
    norm = float(np.linalg.norm(seen) * np.linalg.norm(wanted))
    both, total = int((here & there).sum()), int(here.sum() + there.sum())
    return {
        "aaad": 1.0 - float(apart[i]) / max(chance, 1e-9),
        "cosine": float(seen @ wanted) / norm if norm else 0.0,
        "f1": 2.0 * both / total if total else 1.0,
        "accuracy": float((here == there).mean()),
    }


def interval(better: np.ndarray, people: list[str]) -> tuple[float, float]:
    """95% of a mean over pictures, people left out in turn."""
    names = np.array(people)
    without = np.array([better[names != name].mean() for name in sorted(set(people))])
    if len(without) < 2:
        return float("nan"), float("nan")
    half = t_quantile(0.975, len(without) - 1) * jackknife_error(without)
    return float(better.mean() - half), float(better.mean() + half)


def main() -> None:
    """Measure, print a table and write a JSON of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--detector", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).parent / "results" / "aaad_text_discrimination.json",
    )
    args = parser.parse_args()
    see = Detector.from_pretrained(args.detector)
    folder = args.corpus / args.split
    rows = [r for r in corpus.read(args.corpus, args.split) if r.neutral and r.aus]
    rows = [r for r in rows if r.file_name != r.neutral][: args.limit]
    pred = np.concatenate(
        [
            see(
                np.stack([read_picture(folder / r.file_name, see.size) for r in part]),
                np.stack([read_picture(folder / str(r.neutral), see.size) for r in part]),
            )
            for part in (rows[i : i + 64] for i in range(0, len(rows), 64))
        ]
    )
    results: dict[str, Any] = {}
    for kind in KINDS:
        pairs, people = [], []
        for i, row in enumerate(rows):
            other = first_sound(row.codes, kind, random.Random(f"{kind} {row.file_name}"))
            true = target(row.aus)
            # What anatomy left of a conflict is not always said by the codes that stand.
            if other is None or np.abs(true - target(row.codes)).max() > 1e-6:
                continue
            pairs.append((scores(pred, i, true), scores(pred, i, target(other))))
            people.append(str(row.subject))
        results[kind] = {"pictures": len(pairs), "people": len(set(people))}
        for measure in MEASURES if pairs else ():
            a, b = (np.array([pair[k][measure] for pair in pairs]) for k in (0, 1))
            better = (a > b) + 0.5 * (a == b)
            low, high = interval(better, people)
            truth = np.arange(len(a) + len(b)) < len(a)
            results[kind][measure] = {
                "auc": round(auc(np.concatenate([a, b]), truth), 4),
                "paired": round(float(better.mean()), 4),
                "ci95": [round(low, 4), round(high, 4)],
            }
    print(f"{'':<10}{'n':>6}" + "".join(f"{name:>18}" for name in MEASURES))
    for kind, one in results.items():
        cells = "".join(
            f"{one[name]['auc']:>9.3f}{one[name]['paired']:>9.3f}" if name in one else f"{'':>18}"
            for name in MEASURES
        )
        print(f"{kind:<10}{one['pictures']:>6}{cells}")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    value = {
        "detector": see.id,
        "corpus": args.corpus.name,
        "split": args.split,
        "machine": platform.processor() or platform.machine(),
        "results": results,
    }
    args.out.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
