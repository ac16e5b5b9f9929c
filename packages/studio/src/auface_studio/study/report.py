"""What came of a study: attention checks first, then the judgements of those who passed.

Win rates have Wilson's interval, which takes judgements as independent; raters repeat themselves,
so an interval over raters (bootstrap, 2,000 draws) stands beside it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from typing import Any

from auface_studio.study.answers import Answer, Answers
from auface_studio.study.design import Study
from auface_studio.study.stats import alpha, bootstrap, bradley_terry, wilson

__all__ = ["lines", "report_of"]

_PASS = 2 / 3  # share of the checks that a rater must have right


def report_of(study: Study, answers: Answers) -> dict[str, Any]:
    """The report as plain values for JSON."""
    raters = sorted({a.rater for a in answers})
    failed = [r for r in raters if not _passed([a for a in answers if a.rater == r])]
    kept = [a for a in answers if a.rater not in failed and not a.wanted]
    checks = [a for a in answers if a.wanted]
    out: dict[str, Any] = {
        "title": study.title,
        "kind": study.kind,
        "raters": len(raters),
        "raters_left_out": failed,
        "answers": len(kept),
        "broken_lines": answers.broken,
        "checks": {"asked": len(checks), "right": sum(a.choice == a.wanted for a in checks)},
        "median_seconds": _median(kept),
    }
    return out | (_pairs(study, kept) if study.kind == "pair" else _rates(study, kept))


def _passed(mine: Sequence[Answer]) -> bool:
    checks = [a for a in mine if a.wanted]
    return not checks or sum(a.choice == a.wanted for a in checks) >= _PASS * len(checks)


def _median(kept: Sequence[Answer]) -> float | None:
    return round(statistics.median(a.milliseconds for a in kept) / 1000, 2) if kept else None


def _pairs(study: Study, kept: list[Answer]) -> dict[str, Any]:
    wins: dict[tuple[str, str], float] = {}
    for a in kept:
        loser = a.arms[0] if a.choice == "right" else a.arms[1]
        wins[a.arm, loser] = wins.get((a.arm, loser), 0.0) + 1
    table = []
    for one, two in combinations(study.arms, 2):
        won = wins.get((one, two), 0.0)
        n = int(won + wins.get((two, one), 0.0))
        low, high = wilson(won, n)
        mine = [x for x in kept if set(x.arms) == {one, two}]
        table.append(
            {
                "arm": one, "against": two, "wins": int(won), "n": n,
                "rate": round(won / n, 4) if n else None,
                "wilson95": [round(low, 4), round(high, 4)],
                "raters95": _over_raters(mine, partial(_won, one)),
            }
        )  # fmt: skip
    left = sum(a.choice == "left" for a in kept)
    units: dict[str, dict[Any, float | str]] = {}
    for a in kept:
        units.setdefault(a.trial, {})[a.rater] = a.arm
    strengths = bradley_terry(wins, study.arms)
    return {
        "pairs": table,
        "bradley_terry": {arm: round(s, 4) for arm, s in strengths.items()},
        "agreement_alpha": _round(alpha(list(units.values()), interval=False)),
        "chose_left": round(left / len(kept), 4) if kept else None,
    }


def _rates(study: Study, kept: list[Answer]) -> dict[str, Any]:
    arms = []
    for arm in study.arms:
        mine = [a for a in kept if a.arms[0] == arm]
        ratings = [int(a.choice) for a in mine]
        arms.append(
            {
                "arm": arm,
                "n": len(ratings),
                "mean": round(statistics.fmean(ratings), 4) if ratings else None,
                "sd": round(statistics.stdev(ratings), 4) if len(ratings) > 1 else None,
                "raters95": _over_raters(mine, lambda x: float(x.choice)),
                "counts": [ratings.count(k) for k in range(1, 8)],
            }
        )
    units: dict[str, dict[Any, float | str]] = {}
    for a in kept:
        units.setdefault(a.trial, {})[a.rater] = float(a.choice)
    return {
        "ratings": arms,
        "agreement_alpha": _round(alpha(list(units.values()), interval=True)),
    }


def _won(arm: str, answer: Answer) -> float:
    return float(answer.arm == arm)


def _over_raters(mine: Sequence[Answer], value: Callable[[Answer], float]) -> list[float] | None:
    """The interval of the mean over raters, low and high; None with fewer than two."""
    by_rater: dict[str, list[float]] = {}
    for a in mine:
        by_rater.setdefault(a.rater, []).append(value(a))
    found = bootstrap(by_rater)
    return None if found is None else [round(bound, 4) for bound in found]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def lines(report: dict[str, Any]) -> list[str]:
    """The report for a person, a line a fact."""
    checks = report["checks"]
    out = [
        report["title"],
        f"raters     {report['raters']}, {len(report['raters_left_out'])} left out for attention "
        f"checks ({checks['right']} of {checks['asked']} right)",
        f"answers    {report['answers']}, median {report['median_seconds']} s",
    ]
    if report["broken_lines"]:
        out.append(f"broken     {report['broken_lines']} lines of the file are no answers")
    for row in report.get("pairs", []):
        if row["n"]:
            low, high = row["wilson95"]
            over = row["raters95"]
            beside = f"; over raters {over[0]:.3f} to {over[1]:.3f}" if over else ""
            out.append(
                f"{row['arm']} against {row['against']}: {row['rate']:.3f} of {row['n']} "
                f"(95% {low:.3f} to {high:.3f}{beside})"
            )
    if "bradley_terry" in report:
        ranked = sorted(report["bradley_terry"].items(), key=lambda item: -item[1])
        out.append("Bradley-Terry  " + ", ".join(f"{arm} {s:.3f}" for arm, s in ranked))
        if report["chose_left"] is not None:
            out.append(f"left was chosen in {report['chose_left']:.0%} of the answers")
    for row in report.get("ratings", []):
        if row["n"]:
            over = row["raters95"]
            beside = f" (95% over raters {over[0]:.2f} to {over[1]:.2f})" if over else ""
            out.append(f"{row['arm']}: {row['mean']:.2f} of 7, {row['n']} ratings{beside}")
    agreement = report["agreement_alpha"]
    if agreement is not None:
        out.append(f"agreement  Krippendorff's alpha {agreement:.3f}")
    return out
