"""A resolution in words: the door to the texts of every detail."""

from __future__ import annotations

from collections.abc import Collection

from facs_text._clauses import Description, clauses_of, join
from facs_text._coding import Coding
from facs_text._errors import FacsTextError
from facs_text._prompt import DEFAULT_BUDGET, prompt
from facs_text._resolve import Resolution, resolve
from facs_text._sentence import Clause

__all__ = ["DETAILS", "Clause", "Description", "describe"]

DETAILS = ("brief", "full", "clinical", "prompt")


def describe(
    coding: Coding | str | Resolution,
    *,
    detail: str = "full",
    seed: int = 0,
    tags: bool = False,
    budget: int | None = None,
    budget_unit: str = "tokens",
    mode: str = "warn",
    absent: Collection[str] = frozenset(),
) -> Description:
    """Say a coding in plain English, after resolving it.

    detail: "brief", "full", "clinical" (names the muscles) or "prompt" (what fits a text encoder:
    the net look, then the strongest and rarest units). seed picks among paraphrases: one seed, one
    text. tags adds the notation of each unit in brackets.

    budget goes with "prompt": the most that the text may be, in budget_unit, "tokens" of CLIP with
    both marks, never counted too few, or "words". Without one it is CLIP's 77 tokens. Units that
    do not fit are in left_out. Raises FacsTextError where not even one fits.

    mode, absent: for resolve. With mode="off" each unit is said as it is written, by itself: no
    unit against another, no net look. A Resolution was resolved already and is said in its own.
    """
    if detail not in DETAILS:
        raise FacsTextError(f"detail {detail!r}; expected one of {', '.join(DETAILS)}")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise FacsTextError(f"seed {seed!r}; expected a whole number")
    resolution = coding if isinstance(coding, Resolution) else resolve(coding, mode, absent=absent)
    if detail == "prompt":
        limit = DEFAULT_BUDGET if budget is None else budget
        return prompt(resolution, budget=limit, budget_unit=budget_unit, seed=seed, tags=tags)
    if budget is not None:
        raise FacsTextError(f"budget {budget!r} goes with detail='prompt', not {detail!r}")
    clauses = clauses_of(resolution, detail=detail, seed=seed, tags=tags)
    return Description(join(clauses, detail), clauses, resolution)
