"""Claim: what people would say of a coding, facs-text reads as that coding.

    python benchmarks/paraphrases_read.py [--turns N] [--codings N] [--seed N] [-v]

Codings are told in everyday words, by phrases that were written apart from the reader, so that the
right answer of each text is known: each single unit at each side and level (`--turns` texts of
each) as it is written, and drawn codings as they look once resolved. `understand` reads the texts.
A text is right (its units and sides are read, and no others), wrong (some unit or side is read that
is not there), partial (some are missing, and no other is read) or unread. Units and sides are
counted too, and the levels read that differ from what is told by more than one letter. Texts with a
slip of the pen are counted apart. -v shows what is not right.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from auface_gen.codings.mixture import _singles as singles
from auface_gen.codings.mixture import draw_codings
from auface_gen.generator import paraphrase as module
from auface_gen.generator.wording import asked
from facs_text import Coding, Resolution, parse, resolve, understand, unit

VERDICTS = ("right", "partial", "wrong", "unread")
_SLACK = 1  # letters by which a level may differ: words do not tell B from C
_BLINKS = {"45": "43", "46": "43"}  # seen as a closed eye, which stands beside them

Sides = dict[tuple[str, str], int]  # (unit, side) to its level 1..5, 0 where none is said


class Text(NamedTuple):
    """A text, what it tells, and whether it has a slip of the pen."""

    text: str
    told: Sides
    slip: bool


def told(codes: str, *, resolved: bool, seed: int) -> Text:
    """A coding in everyday words."""
    resolution = asked(codes, False, resolved)
    slips: list[bool] = []
    plain = module.mistyped

    def noted(text: str, dice: object) -> str:
        slips.append(True)
        return plain(text, dice)

    module.mistyped = noted
    try:
        said = module.paraphrase(resolution, seed)
    finally:
        module.mistyped = plain
    return Text(said.text, seen(resolution), bool(slips))


def seen(resolution: Resolution) -> Sides:
    """What a resolution shows."""
    shown = {
        (name[2:], side): max(1, round(5 * value))
        for name, sides in resolution.activations.items()
        for side, value in sides.items()
    }
    for blink, closed in _BLINKS.items():
        for code, side in list(shown):
            if code == blink:
                shown.pop((closed, side), None)
    return shown


def read(one: Text) -> Sides:
    """The units and sides that are read in a text, with what is told and they bring along: lips
    that part with a mouth that is stretched open.
    """
    coding = understand(one.text).coding
    heard = expanded(coding)
    along = seen(resolve(coding)) if heard else {}
    return heard | {key: 0 for key in along if key in one.told and key not in heard}


def expanded(coding: Coding) -> Sides:
    """A coding by the sides that its units are seen on."""
    found: Sides = {}
    for action in coding:
        if action.code == "0":
            continue
        sides = tuple(s for s in unit(action.code).sides if s != "both") or ("both",)
        on = (action.side,) if action.side in sides else sides
        if action.side in ("one", "V", "W"):
            on = ("one",)
        for side in on:
            found[action.code, side] = action.level
    return found


def verdict(text: Text, heard: Sides) -> str:
    """How a text was read, one of VERDICTS."""
    if not heard:
        return "unread" if text.told else "right"
    if not heard.keys() <= text.told.keys():
        return "wrong"
    return "right" if heard.keys() == text.told.keys() else "partial"


def measured(texts: Iterable[Text], *, show: bool = False) -> dict[str, Counter[str]]:
    """Counts of texts, of their units and sides, and of texts by unit."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in texts:
        heard = read(one)
        how = verdict(one, heard)
        counts["slips" if one.slip else "texts"][how] += 1
        if one.slip:
            continue
        for key, level in one.told.items():
            counts["units"]["right" if key in heard else "missing"] += 1
            off = heard.get(key, 0) and abs(heard[key] - level) > _SLACK
            counts["units"]["level off"] += bool(off)
            if off and show and how == "right":
                print(f"level    {one.text!r}: {key} is {level}, read as {heard[key]}")
        counts["units"]["wrong"] += len(heard.keys() - one.told.keys())
        if how != "right":
            counts["not right"]["+".join(sorted({c for c, _ in one.told}))] += 1
            if show:
                print(f"{how:8} {one.text!r}: {named(heard)}, is {named(one.told)}")
    return counts


def named(sides: Sides) -> str:
    """Units and sides in one line."""
    return " ".join(f"{side[0].upper()}{code}" for code, side in sorted(sides)) or "nothing"


def of_singles(turns: int, seed: int) -> Iterator[Text]:
    """Texts of each single unit, side and level."""
    for turn in range(turns):
        for n, action in enumerate(singles()):
            yield told(str(action), resolved=False, seed=seed + 2003 * n + turn)


def of_drawn(count: int, seed: int) -> Iterator[Text]:
    """Texts of codings that are drawn, as they look."""
    for n, coding in enumerate(draw_codings(np.random.default_rng(seed), count)):
        yield told(str(parse(str(coding))), resolved=True, seed=seed + n)


def summary(name: str, counts: dict[str, Counter[str]]) -> str:
    """Counts in a few lines."""
    lines = []
    for kind in ("texts", "slips"):
        some = counts[kind]
        total = max(1, sum(some.values()))
        shares = ", ".join(f"{some[v]} {v} ({some[v] / total:.1%})" for v in VERDICTS)
        lines.append(f"{name}, {kind}: {sum(some.values())}; {shares}")
    units = counts["units"]
    lines.append(f"{name}, units and sides: " + ", ".join(f"{n} {k}" for k, n in units.items()))
    worst = counts["not right"].most_common(12)
    lines.append(f"{name}, most often not right: " + ", ".join(f"{k} {n}" for k, n in worst))
    return "\n".join(lines)


def main() -> None:
    """Read texts of both kinds and print how."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=10, help="texts of each single unit; 10")
    parser.add_argument("--codings", type=int, default=1000, help="codings that are drawn; 1000")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-v", action="store_true", help="show what is not right")
    args = parser.parse_args()
    some = {
        "single units": of_singles(args.turns, args.seed),
        "drawn codings": of_drawn(args.codings, args.seed),
    }
    for name, texts in some.items():
        print(summary(name, measured(texts, show=args.v)), flush=True)


if __name__ == "__main__":
    main()
