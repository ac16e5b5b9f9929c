"""Claim: understand takes time in proportion to the text, whatever the text is.

    python benchmarks/prose_time.py [CHARACTERS]

Reads 30 hostile patterns of 100,000 characters each and of a tenth of that; prints the seconds of
both and exits with 1 when one takes 2 s or more.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from prose_cases import HOSTILE

from facs_text import understand


def seconds(pattern: str, length: int) -> float:
    text = (pattern * (length // len(pattern) + 1))[:length]
    start = time.process_time()
    understand(text)
    return time.process_time() - start


def main(length: int) -> int:
    understand("she smiles")  # load the lists of words
    worst = 0.0
    for pattern in HOSTILE:
        short, long = seconds(pattern, length // 10), seconds(pattern, length)
        worst = max(worst, long)
        print(f"{long:7.3f} s, a tenth {short:7.3f} s  {pattern!r}", flush=True)
    print(f"{len(HOSTILE)} patterns of {length} characters, the slowest in {worst:.2f} s")
    return 1 if worst >= 2 else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
