"""Count the package's words in CLIP's tokens: python scripts/clip_tokens.py MERGES [--check N].

MERGES is CLIP's published table of merges, bpe_simple_vocab_16e6.txt.gz of github.com/openai/CLIP,
which is not shipped here. Without --check the counts of all words that the package can say go to
data/clip_tokens.json. With it, texts of N codings in every detail are counted by the merges and by
the estimate, and a text that the estimate counts too short is an error.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from facs_text import Action, Coding, describe, unit, units
from facs_text._tokens import clip_tokens, pieces
from facs_text._understand import sides_of

DATA = Path(__file__).parents[1] / "src" / "facs_text" / "data"
TABLE = DATA / "clip_tokens.json"
WORDS_FROM = ("wording.json", "rules.json", "units.json", "lexicon.json", "presets.json")
ENDINGS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
_MERGES = 49152 - 256 - 2  # the vocabulary without the bytes and the two marks


class Encoder:
    """Byte-pair encoding by a table of merges: the pair that was merged first goes first."""

    def __init__(self, path: Path) -> None:
        raw = path.read_bytes()
        self.digest = hashlib.sha256(raw).hexdigest()
        lines = gzip.decompress(raw).decode("utf-8").split("\n")[1 : _MERGES + 1]
        self.rank = {tuple(line.split()): n for n, line in enumerate(lines)}
        # CLIP writes bytes as letters: printable Latin-1 as itself, the others from U+0100 up.
        plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
        rest = [b for b in range(256) if b not in plain]
        self.letter = {b: chr(b) for b in plain} | {b: chr(256 + n) for n, b in enumerate(rest)}
        self.count = cache(self._count)

    def _count(self, piece: str) -> int:
        symbols = [self.letter[b] for b in piece.encode()]
        symbols[-1] += "</w>"
        while len(symbols) > 1:
            found = [(self.rank.get(pair, _MERGES), n) for n, pair in enumerate(pairwise(symbols))]
            best = min(found)[0]
            if best == _MERGES:
                break
            merged: list[str] = []
            n = 0
            while n < len(symbols):
                here = (symbols[n], symbols[n + 1]) if n + 1 < len(symbols) else ("", "")
                together = self.rank.get(here) == best
                merged.append("".join(here) if together else symbols[n])
                n += 2 if together else 1
            symbols = merged
        return len(symbols)

    def tokens(self, text: str) -> int:
        """Tokens of a text, both marks included."""
        return 2 + sum(self.count(piece) for piece in pieces(text))


def words() -> set[str]:
    """Every run of ASCII letters in the data files, and in texts of units, alone and together."""
    texts = [(DATA / name).read_text(encoding="utf-8") for name in WORDS_FROM]
    codings = [
        Coding([Action(au.code, side, level, True)])
        for au in units()
        for side in sides_of(au.code)
        for level in (range(6) if au.graded else (0,))
    ]
    for n, coding in enumerate([*codings, *at_random(3000)]):
        for detail in ("brief", "full", "clinical"):
            texts.append(describe(coding, detail=detail, seed=n, tags=True).text)
    found = {word for text in texts for word in pieces(text)} | set(ENDINGS)
    return {w for w in found if w.isascii() and w.strip("'").isalpha()}


def write(encoder: Encoder, extra: list[Path]) -> None:
    found = words()
    for path in extra:
        more = pieces(path.read_text(encoding="utf-8"))
        found.update(w for w in more if w.isascii() and w.isalpha())
    by_count: dict[int, list[str]] = {}
    for word in sorted(found):
        by_count.setdefault(encoder.count(word), []).append(word)
    table = {
        "schema": "facs_text/clip_tokens/1",
        "source": "openai/CLIP, bpe_simple_vocab_16e6.txt.gz, MIT licence",
        "sha256": encoder.digest,
        "words": {str(n): " ".join(by_count[n]) for n in sorted(by_count)},
    }
    TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"{len(found)} words")  # noqa: T201


def at_random(count: int, seed: int = 0) -> Iterator[Coding]:
    """Codings of up to 10 units of all of FACS, with sides, levels and doubts."""
    rng = random.Random(seed)
    pool = [au.code for au in units() if au.code != "0"]
    for _ in range(count):
        actions = []
        for code in rng.sample(pool, rng.randint(0, 10)):
            level = rng.randint(0, 5) if unit(code).graded else 0
            actions.append(Action(code, rng.choice(sides_of(code)), level, rng.random() < 0.05))
        yield Coding(actions)


def check(encoder: Encoder, count: int) -> int:
    texts = short = over = 0
    for n, coding in enumerate(at_random(count)):
        for detail in ("brief", "full", "clinical", "prompt"):
            for tags in (False, True):
                text = describe(coding, detail=detail, seed=n, tags=tags).text
                estimate, true = clip_tokens(text), encoder.tokens(text)
                texts += 1
                over += estimate - true
                if estimate < true or (detail == "prompt" and true > 77):
                    short += 1
                    print(f"{coding}: {true} tokens, {estimate} estimated: {text}")  # noqa: T201
    print(json.dumps({"texts": texts, "too_short": short, "over_mean": over / texts}))  # noqa: T201
    return 1 if short else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("merges", type=Path)
    parser.add_argument("--check", type=int, metavar="N")
    parser.add_argument("--words", type=Path, action="append", default=[], help="more texts")
    args = parser.parse_args()
    encoder = Encoder(args.merges)
    if args.check:
        return check(encoder, args.check)
    write(encoder, args.words)
    return 0


if __name__ == "__main__":
    sys.exit(main())
