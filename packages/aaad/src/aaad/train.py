"""`python -m aaad.train CORPUS --out DIR --minutes M`: train, calibrate and report a detector."""

from __future__ import annotations

import argparse
import json
import sys

from .detector.train import train_detector
from .errors import AAADError

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m aaad.train", description=__doc__)
    parser.add_argument("corpus", help="folder with train/, valid/ and test/")
    parser.add_argument("--out", required=True, help="folder to write to")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="length of the run in time")
    length.add_argument("--steps", type=int, help="length of the run in steps")
    parser.add_argument("--resume", action="store_true", help="go on where the run in DIR stopped")
    parser.add_argument("--threads", type=int, help="processor threads")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another detector")
    parser.add_argument("--width", type=int, default=48, help="channels of the first layers")
    parser.add_argument("--size", type=int, default=128, help="pixels")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    parser.add_argument("--name", help="id that scores will carry")
    parser.add_argument("--device", default="auto")
    given = vars(parser.parse_args(arguments))
    try:
        report = train_detector(given.pop("corpus"), given.pop("out"), **given)
    except AAADError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    for mode in ("with_neutral", "alone"):
        score = report.get(mode, {}).get("aaad", {})
        sys.stdout.write(json.dumps({"mode": mode, "aaad": score.get("aaad")}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
