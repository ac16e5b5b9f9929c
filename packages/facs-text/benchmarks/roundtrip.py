"""Claim: describe then understand gives the resolved coding back, and no text contradicts itself.

Sets: every single unit, side and level; all pairs and triples of the 24 facial units of the rig at
levels A, C, E; random codings of up to 8 units of all of FACS with sides, unequal sides, lips and
doubts; rows of BP4D's 12 units drawn by their published rates, every other one with levels. Each in
four details, prompts without a limit, and five seeds. Faults by tests/facial_points.py
(contradictions) and tests/said_of_units.py (who is held by whom, text against numbers, looks
against levels), on the first seed of each detail. Sentences that name one part of the face twice
are counted. Prints JSON; exits 1 on a loss or a fault.
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

from facs_text import Action, Coding, describe, picture_units, resolve, understand, unit, units
from facs_text._prompt import published_rates
from facs_text._sentence import _repeats
from facs_text._understand import sides_of

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from said_of_units import faults

DETAILS = ("full", "brief", "clinical", "prompt")
BP4D = ("1", "2", "4", "6", "7", "10", "12", "14", "15", "17", "23", "24")
# Without those that hardly a data set scores; `at_random` has them too.
FACIAL = [c for c in picture_units() if int(c) <= 28 and c not in ("3", "8", "19", "21")]


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
            sides = [*sides_of(code)]
            if "left" in unit(code).sides and unit(code).whole:
                sides.append("unequal")
            side = "both" if unit(code).whole and rng.random() < 0.5 else rng.choice(sides)
            pair = {"left": ("left", "right"), "top": ("top", "bottom")}.get(side)
            both = pair is not None and code != "36" and rng.random() < 0.5
            for place in pair if pair and both else (side,):
                level = rng.randint(0, 5) if unit(code).graded else 0
                actions.append(Action(code, place, level, rng.random() < 0.06))
        yield Coding(actions)


def bp4d_like(count: int, seed: int = 0) -> Iterator[Coding]:
    rng = random.Random(seed)
    rates = published_rates()
    for n in range(count):
        codes = [c for c in BP4D if rng.random() < rates[c]]
        yield Coding(Action(c, "both", rng.randint(1, 5) if n % 2 else 0) for c in codes)


def run(codings: Iterator[Coding], seeds: int) -> dict[str, object]:
    count = texts = losses = against = sentences = twice = 0
    examples: list[str] = []
    began = time.perf_counter()
    for n, coding in enumerate(codings):
        count += 1
        resolution = resolve(coding)
        for detail in DETAILS:
            for seed in range(seeds):
                budget = 100_000 if detail == "prompt" else None
                description = describe(resolution, detail=detail, seed=n * 31 + seed, budget=budget)
                texts += 1
                understood = understand(description.text)
                if understood.coding != resolution.coding or understood.unparsed:
                    losses += 1
                    examples.append(f"{coding}: {description.text}")
                if seed:
                    continue
                if detail == "full":
                    sentences += len(description.clauses)
                    twice += sum(_repeats(c.text) > 0 for c in description.clauses)
                found = faults(description)
                if found:
                    against += 1
                    examples.append(f"{coding}: {found}")
    return {
        "codings": count, "texts": texts, "losses": losses, "faults": against,
        "sentences": sentences, "a_part_named_twice": twice,
        "seconds": round(time.perf_counter() - began, 1), "examples": examples[:5],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--random", type=int, default=100_000)
    parser.add_argument("--bp4d", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", nargs="*", help="only these")
    args = parser.parse_args()
    sets = {
        "singles": singles(), "pairs": tuples(2), "triples": tuples(3),
        "random": at_random(args.random), "bp4d": bp4d_like(args.bp4d),
    }  # fmt: skip
    bad = 0
    for name, codings in sets.items():
        if args.sets and name not in args.sets:
            continue
        result = run(codings, args.seeds)
        bad += int(result["losses"]) + int(result["faults"])  # type: ignore[call-overload]
        print(json.dumps({"set": name, **result}), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
