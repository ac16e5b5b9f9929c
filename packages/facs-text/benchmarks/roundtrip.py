"""Claim: describe then understand gives the resolved coding back, and no text contradicts itself.

Sets: every single unit, side and level; all pairs and triples of the 24 facial units of the rig at
levels A, C, E; random codings of up to 8 units of all of FACS with sides, unequal sides, lips and
doubts. Each in three details and five seeds. Contradictions by tests/facial_points.py, on the
first seed of each detail. Prints JSON; exits 1 on a loss.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path

from facs_text import RIG_UNITS, Action, Coding, describe, resolve, understand, unit, units
from facs_text._understand import sides_of

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from facial_points import contradictions

DETAILS = ("full", "brief", "clinical")
FACIAL = [c for c in RIG_UNITS if int(c) <= 28]


def singles() -> Iterator[Coding]:
    for au in units():
        if au.code != "0":
            for side in sides_of(au.code):
                for level in range(6) if au.graded else (0,):
                    for doubt in (False, True):
                        yield Coding([Action(au.code, side, level, doubt)])


def tuples(size: int) -> Iterator[Coding]:
    for codes in combinations(FACIAL, size):
        for levels in product((1, 3, 5), repeat=size):
            yield Coding(Action(c, "both", n) for c, n in zip(codes, levels, strict=True))


def at_random(count: int, seed: int = 0) -> Iterator[Coding]:
    rng = random.Random(seed)
    pool = [au.code for au in units() if au.code != "0"]
    for _ in range(count):
        actions = []
        for code in rng.sample(pool, rng.randint(1, 8)):
            side = "both" if unit(code).whole and rng.random() < 0.5 else rng.choice(sides_of(code))
            pair = {"left": ("left", "right"), "top": ("top", "bottom")}.get(side)
            both = pair is not None and code != "36" and rng.random() < 0.5
            for place in pair if pair and both else (side,):
                level = rng.randint(0, 5) if unit(code).graded else 0
                actions.append(Action(code, place, level, rng.random() < 0.06))
        yield Coding(actions)


def run(codings: Iterator[Coding], seeds: int) -> dict[str, object]:
    count = texts = losses = against = 0
    examples: list[str] = []
    began = time.perf_counter()
    for n, coding in enumerate(codings):
        count += 1
        resolution = resolve(coding)
        for detail in DETAILS:
            for seed in range(seeds):
                description = describe(resolution, detail=detail, seed=n * 31 + seed)
                texts += 1
                understood = understand(description.text)
                if understood.coding != resolution.coding or understood.unparsed:
                    losses += 1
                    examples.append(f"{coding}: {description.text}")
                if seed == 0 and contradictions(description):
                    against += 1
                    examples.append(f"{coding}: {contradictions(description)}")
    return {
        "codings": count, "texts": texts, "losses": losses, "contradictions": against,
        "seconds": round(time.perf_counter() - began, 1), "examples": examples[:5],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--random", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    sets = {
        "singles": singles(), "pairs": tuples(2), "triples": tuples(3),
        "random": at_random(args.random),
    }  # fmt: skip
    bad = 0
    for name, codings in sets.items():
        result = run(codings, args.seeds)
        bad += int(result["losses"]) + int(result["contradictions"])  # type: ignore[call-overload]
        print(json.dumps({"set": name, **result}), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
