"""Claim: detail="prompt" keeps CLIP's 77 tokens and what is left out is weak or common.

Rows of BP4D's 12 units, each drawn by its published rate. Prints JSON: lengths of every detail
(as estimated; as CLIP makes them with --merges, its bpe_simple_vocab_16e6.txt.gz), the share over
77, which units are first named behind the 77th token of a full text, and which a prompt leaves
out. Exits 1 when a prompt is over, or is estimated shorter than it is.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

from facs_text import Action, Coding, describe, understand
from facs_text._prompt import published_rates
from facs_text._tokens import clip_tokens

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from clip_tokens import Encoder

BP4D = ("1", "2", "4", "6", "7", "10", "12", "14", "15", "17", "23", "24")
LIMIT = 77


def rows(count: int, seed: int = 0) -> list[Coding]:
    rng = random.Random(seed)
    rates = published_rates()
    return [Coding(Action(c) for c in BP4D if rng.random() < rates[c]) for _ in range(count)]


def lost(text_clauses: list[str], codes: list[tuple[str, ...]], lead: int) -> set[str]:
    """Units whose first clause ends behind the limit when the text is cut there."""
    at, seen, gone = 1 + lead, set(), set()
    for text, aus in zip(text_clauses, codes, strict=True):
        at += clip_tokens(text) - 2 + 1
        for au in aus:
            if au not in seen:
                seen.add(au)
                if at > LIMIT - 1:
                    gone.add(au)
    return gone


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--merges", type=Path)
    args = parser.parse_args()
    encoder = Encoder(args.merges) if args.merges else None
    codings = rows(args.rows)
    bad = 0
    for detail in ("full", "brief", "clinical", "prompt"):
        began = time.process_time()
        found = [describe(c, detail=detail, seed=n) for n, c in enumerate(codings)]
        seconds = time.process_time() - began
        lengths = sorted(clip_tokens(d.text) for d in found)
        result: dict[str, object] = {
            "detail": detail,
            "mean": round(sum(lengths) / len(lengths), 1),
            "p95": lengths[int(len(lengths) * 0.95)],
            "max": lengths[-1],
            "over_77": round(sum(n > LIMIT for n in lengths) / len(lengths), 4),
            "us_per_text": round(seconds / len(lengths) * 1e6, 1),
        }
        if encoder is not None:
            pairs = [(clip_tokens(d.text), encoder.tokens(d.text)) for d in found]
            short = sum(one < two for one, two in pairs)
            result["estimated_short"] = short
            result["true_over_77"] = sum(two > LIMIT for _, two in pairs)
            result["over_count"] = round(sum(a - b for a, b in pairs) / len(pairs), 4)
            bad += short
        if detail == "prompt":
            gone = Counter(a.code for d in found for a in d.left_out)
            texts = sum(bool(d.left_out) for d in found)
            result["texts_with_left_out"] = round(texts / len(found), 4)
            result["left_out"] = dict(gone.most_common())
            looks = sum(bool(d.clauses[0].aus) and not d.clauses[0].codes for d in found)
            result["with_a_look"] = round(looks / len(found), 4)
            wrong = sum(
                set(understand(d.text).coding) | set(d.left_out) != set(d.resolution.coding)
                for d in found
            )
            result["not_read_back"] = wrong
            bad += wrong + (lengths[-1] > LIMIT)
        else:
            cut = Counter(
                au
                for d in found
                if clip_tokens(d.text) > LIMIT
                for au in lost([c.text for c in d.clauses], [c.aus for c in d.clauses], 0)
            )
            result["behind_77"] = dict(cut.most_common(6))
        print(json.dumps(result), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
