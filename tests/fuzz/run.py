"""Fuzz every reader for a time: `python tests/fuzz/run.py --minutes 10`.

Targets take turns. Whatever comes out that is not the package's own error, takes longer than ten
seconds of work or more than 14 GiB is a finding: its input is kept under --keep, and replayed by
tests/test_fuzz.py once it lies in tests/fuzz/regressions/. Prints a table; exits 1 on a finding.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))

import mutate
import targets

LONGEST = 10  # seconds of the processor for one input
STUCK = 120  # seconds of the clock, for what waits
SLICE = 0.5  # seconds of a target's turn


class TooLong(BaseException):
    """An input that is not done in time."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="targets whose name holds this")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (14 << 30, 14 << 30))
    import torch

    torch.set_num_threads(1)

    def late(*_: object) -> None:
        raise TooLong(f"more than {LONGEST} s of work, or {STUCK} s of waiting")

    signal.signal(signal.SIGALRM, late)
    signal.signal(signal.SIGPROF, late)
    counts: Counter[str] = Counter()
    seen: dict[tuple[str, str], int] = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as tmp:
        chosen = [t for t in targets.build(Path(tmp)) if given.only in t.name]
        dice = {t.name: Random(f"{given.seed} {t.name}") for t in chosen}
        end = time.monotonic() + given.minutes * 60
        while time.monotonic() < end:
            for target in chosen:
                stop = min(time.monotonic() + SLICE, end)
                while time.monotonic() < stop:
                    counts[target.name] += 1
                    _try(target, dice[target.name], seen, given.keep)
    print(json.dumps({"inputs": sum(counts.values()), "by_target": dict(counts)}, indent=1))
    for (name, what), count in sorted(seen.items()):
        print(f"FOUND {name}: {what} ({count} times)")
    return 1 if seen else 0


def folder_name(target: targets.Target) -> str:
    """The target's name as that of a folder."""
    return target.name.replace(" ", "_").replace("/", "_")


def damaged(target: targets.Target, dice: Random) -> bytes:
    """A seed of the target, damaged once or twice."""
    data = dice.choice(target.seeds)
    for _ in range(1 + (dice.randrange(4) == 0)):
        try:
            data = target.damage(dice, data)
        except Exception:  # what is broken already is no container to be kept whole
            data = mutate.blind(dice, data)
    return data


def _try(
    target: targets.Target, dice: Random, seen: dict[tuple[str, str], int], keep: Path
) -> None:
    data = damaged(target, dice)
    signal.alarm(STUCK)
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        error = targets.run_one(target, data)
    except TooLong as late:
        error = late
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
    if error is None:
        return
    last = traceback.extract_tb(error.__traceback__)[-1:] or [None]
    where = f"{Path(last[0].filename).name}:{last[0].lineno}" if last[0] else "?"
    what = f"{type(error).__name__} at {where}: {' '.join(str(error).split())[:120]}"
    key = target.name, f"{type(error).__name__} at {where}"
    seen[key] = seen.get(key, 0) + 1
    if seen[key] > 1:
        return
    place = keep / folder_name(target)
    place.mkdir(parents=True, exist_ok=True)
    (place / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
    print(f"{target.name}: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
