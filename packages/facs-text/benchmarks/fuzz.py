"""Claim: no text and no file, whatever its bytes, raises anything but FacsTextError.

Runs for the given minutes: random bytes, damaged notation, shuffled and damaged descriptions,
word salad, damaged tables of every format. Prints JSON; exits 1 on any other exception.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

from facs_text import FacsTextError, describe, parse, understand
from facs_text.readers import FORMATS, read

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parent))
import fixtures
from roundtrip import at_random

MAKERS = (fixtures.openface2, fixtures.openface3, fixtures.pyfeat, fixtures.libreface,
          fixtures.pyafar, fixtures.arkit, fixtures.mediapipe)  # fmt: skip


def damage(rng: random.Random, raw: bytes) -> bytes:
    data = bytearray(raw)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data) + 1)
        kind = rng.random()
        if kind < 0.4:
            data[at : at + rng.randint(0, 12)] = rng.randbytes(rng.randint(0, 4))
        elif kind < 0.7:
            other = rng.randrange(len(data) + 1)
            data[at:at] = data[other : other + rng.randint(0, 30)]
        else:
            data[at : at + 1] = rng.choice([b"", b",", b"\n", b";", b'"', b"?", b"+", b"\0", b"9"])
    return bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    end = time.monotonic() + args.minutes * 60
    counts = {"texts": 0, "files": 0, "refused": 0, "crashes": 0}
    texts = [describe(c, detail=rng.choice(("full", "brief", "clinical")), seed=n).text
             for n, c in enumerate(at_random(400, 1))]  # fmt: skip
    codes = [str(c) for c in at_random(400, 2)]
    words = " ".join(texts).split()

    def attempt(kind: str, call: object, *given: object) -> None:
        counts[kind] += 1
        try:
            call(*given)  # type: ignore[operator]
        except FacsTextError:
            counts["refused"] += 1
        except BaseException:  # a crash is what is looked for
            counts["crashes"] += 1
            print(repr(given)[:500], file=sys.stderr)
            traceback.print_exc()
            if counts["crashes"] > 5:
                raise

    with tempfile.TemporaryDirectory() as folder:
        made = [make(Path(folder) / f"{n}.csv").read_bytes() for n, make in enumerate(MAKERS)]
        path = Path(folder) / "F001_T1.csv"
        while time.monotonic() < end:
            for _ in range(200):
                raw = rng.choice((
                    rng.randbytes(rng.randint(0, 80)),
                    damage(rng, rng.choice(texts).encode()),
                    damage(rng, rng.choice(codes).encode()),
                    " ".join(rng.choices(words, k=rng.randint(1, 30))).encode(),
                ))  # fmt: skip
                text = raw.decode("utf-8", rng.choice(("surrogateescape", "replace")))
                attempt("texts", parse, text)
                attempt("texts", understand, text)
                attempt("texts", lambda t: str(understand(t).coding), raw.decode("latin-1"))
            for _ in range(5):
                path.write_bytes(damage(rng, rng.choice(made)))
                for format in ("auto", *FORMATS):
                    mode = rng.choice(("raise", "skip"))
                    attempt(
                        "files", lambda p, f, m: list(read(p, f, on_error=m)), path, format, mode
                    )
    print(json.dumps({"minutes": args.minutes, **counts}))
    return 1 if counts["crashes"] else 0


if __name__ == "__main__":
    sys.exit(main())
