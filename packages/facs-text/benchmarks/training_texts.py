"""Claim: what compare, contrast and ask say is exact, and yes and no are balanced.

Over random codings of all of FACS (those of roundtrip.py) and rows of BP4D's 12 units (those of
prompt_lengths.py): comparisons read back, contrasts by kind and whether each differs after
resolution, answers by kind. Prints JSON; exits 1 on a loss.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

from facs_text import (
    Coding,
    apply_changes,
    ask,
    compare,
    contrast,
    describe,
    resolve,
    understand,
    understand_change,
)

sys.path.insert(0, str(Path(__file__).parent))
from prompt_lengths import rows
from roundtrip import at_random


def comparisons(codings: list[Coding], seeds: int) -> dict[str, int]:
    losses = texts = changes = 0
    for n, (one, two) in enumerate(pairwise(codings)):
        for seed in range(seeds):
            said = compare(one, two, seed=n * 31 + seed)
            heard = understand_change(said.text)
            back = apply_changes(said.before.coding, heard.changes)
            texts += 1
            changes += len(said.changes)
            losses += bool(
                heard.unparsed or heard.changes != said.changes or back != said.after.coding
            )
    return {"texts": texts, "changes": changes, "losses": losses}


def contrasts(codings: list[Coding], each: int) -> dict[str, object]:
    kinds: Counter[str] = Counter()
    alike = unread = 0
    for n, coding in enumerate(codings):
        found = contrast(coding, each, seed=n)
        kinds.update(one.kind for one in found)
        stand = {resolve(one.coding).coding for one in found} | {resolve(coding).coding}
        alike += len(stand) != each + 1
        for one in found:
            said = describe(one.resolution, seed=n)
            unread += understand(said.text).coding != one.resolution.coding
    return {"kinds": dict(kinds.most_common()), "losses": alike + unread}


def questions(codings: list[Coding], each: int) -> dict[str, object]:
    kinds: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for n, coding in enumerate(codings):
        for one in ask(coding, each, seed=n):
            kinds[one.kind] += 1
            if one.kind == "presence":
                answers[one.answer] += 1
    return {"kinds": dict(kinds.most_common()), "presence": dict(answers)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    args = parser.parse_args()
    bad = 0
    sets = {"all of FACS": list(at_random(args.rows)), "BP4D": rows(args.rows)}
    for name, codings in sets.items():
        results = {
            "compare": comparisons(codings, 3),
            "contrast": contrasts(codings, 5),
        }
        if name == "BP4D":
            results["ask"] = questions(codings, 4)
        for what, result in results.items():
            bad += int(result.get("losses", 0))  # type: ignore[call-overload]
            print(json.dumps({"set": name, "what": what, **result}), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    began = time.perf_counter()
    status = main()
    print(json.dumps({"seconds": round(time.perf_counter() - began, 1)}))
    sys.exit(status)
