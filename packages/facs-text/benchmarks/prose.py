"""Claim: plain prose is read right, or reported as not read; it is hardly ever read wrong.

    python benchmarks/prose.py [-v] [FILE ...]

Reads the sentences of tests/data with their right answers (or of the files named) and counts
how many come out right, partial (less than the answer, the rest reported), unread (all of it
reported) and wrong. -v shows every sentence that is not right.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from prose_cases import DATA, GRADES, cases, grade  # noqa: E402

from facs_text import understand  # noqa: E402


def main(arguments: list[str]) -> None:
    names = [a for a in arguments if a != "-v"] or sorted(p.name for p in DATA.glob("prose_*.tsv"))
    for name in names:
        count: Counter[str] = Counter()
        voices: dict[str, Counter[str]] = {}
        for case in cases(name):
            heard = understand(case.text)
            verdict = grade(case, heard)
            count[verdict] += 1
            voices.setdefault(case.source, Counter())[verdict] += 1
            if "-v" in arguments and verdict != "right":
                left = [s.text for s in heard.unparsed]
                right = " or ".join(case.answers)
                print(f"{verdict:8} {case.text!r}: {heard.coding}, right is {right}; left {left}")
        total = sum(count.values())
        print(f"{name}: {total} sentences, " + ", ".join(f"{count[g]} {g}" for g in GRADES))
        for voice, one in voices.items():
            print(f"    {voice:16} " + ", ".join(f"{one[g]} {g}" for g in GRADES))


if __name__ == "__main__":
    main(sys.argv[1:])
