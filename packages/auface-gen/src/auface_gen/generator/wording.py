"""What is told of a picture: a text of some length and manner, and what each part of it is about.

Texts are drawn anew each time. Those of facs-text are full, brief, for a prompt, or clinical; at
times loosened, the clauses in another order and joined by other marks. Paraphrases are in everyday
words. Almost right texts are those of facs-text's contrasts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from auface_gen.columns import COLUMNS, to_vector
from auface_gen.generator.paraphrase import paraphrase
from auface_gen.generator.said import Part, Said
from facs_text import (
    Coding,
    Contrast,
    Description,
    FacsTextError,
    Resolution,
    contrast,
    describe,
    parse,
    resolve,
)
from facs_text.corpus import CorpusRow

__all__ = [
    "DETAILS",
    "Part",
    "Said",
    "asked",
    "codes_of",
    "contrasts",
    "details",
    "meant",
    "meets",
    "pairs_of",
    "say",
    "values",
]

DETAILS: dict[str, float] = {
    "full": 0.35,
    "brief": 0.15,
    "prompt": 0.15,
    "clinical": 0.1,
    "paraphrase": 0.25,
}
"""How texts are told, and how often each way unless a run says otherwise."""

_TURNS = 4  # seeds that contrasts are looked for with
_TURN = 1 << 31  # more than any pick's seed

_JOINTS = (". ", ", ", "; ", " and ", ", and ", "\n")


def details(paraphrases: float) -> dict[str, float]:
    """How often texts are told each way, when a share of them are paraphrases; the others keep
    their proportions.
    """
    rest = (1 - paraphrases) / (1 - DETAILS["paraphrase"])
    return {k: paraphrases if k == "paraphrase" else v * rest for k, v in DETAILS.items()}


@lru_cache(maxsize=1 << 16)
def asked(codes: str, mirror: bool, resolved: bool) -> Resolution:
    """The resolution of codes, or of their mirror image; without `resolved` each unit stays as it
    is written.
    """
    coding = parse(codes)
    return resolve(coding.mirror() if mirror else coding, "warn" if resolved else "off")


def codes_of(row: CorpusRow) -> str:
    """What was asked of the person in a picture; what stands, where the corpus does not say."""
    requested = row.extra.get("requested")
    return requested if isinstance(requested, str) else row.codes


def values(resolution: Resolution) -> np.ndarray:
    """(A,) activations 0..1 of a resolution."""
    return to_vector(resolution.activations)[0]


def say(
    resolution: Resolution, *, detail: str = "full", seed: int = 0, loose: bool = False
) -> Said:
    """A text of a resolution in one of `DETAILS`; `loose` shuffles the clauses of facs-text and
    joins them anew (paraphrases are loose as they are).
    """
    if detail == "paraphrase":
        return paraphrase(resolution, seed)
    description = describe(resolution, detail=detail, seed=seed)
    about = [_about(description, i) for i in range(len(description.clauses))]
    texts = [clause.text for clause in description.clauses]
    if loose and len(texts) > 1:
        text, places = _shuffled(texts, np.random.default_rng([seed, 0x1005E]))
    else:
        text, places = description.text, _places(description.text, texts)
    parts = tuple(
        Part(*place, columns)
        for place, columns in zip(places, about, strict=True)
        if place is not None
    )
    return Said(text, parts, values(resolution))


def _about(description: Description, index: int) -> np.ndarray:
    """(A,) activations of the units that a clause names."""
    units = {u if u.startswith("AU") else f"AU{u}" for u in description.clauses[index].aus}
    seen = description.resolution.activations
    return to_vector({u: sides for u, sides in seen.items() if u in units})[0]


def _places(text: str, clauses: Sequence[str]) -> list[tuple[int, int] | None]:
    """Where each clause stands in a text that has them in order; None for one that is not there."""
    low, after = text.lower(), 0
    out: list[tuple[int, int] | None] = []
    for clause in clauses:
        at = low.find(clause.lower(), after)
        out.append(None if at < 0 else (at, at + len(clause)))
        after = after if at < 0 else at + len(clause)
    return out


def _shuffled(
    texts: Sequence[str], rng: np.random.Generator
) -> tuple[str, list[tuple[int, int] | None]]:
    """Clauses in another order, joined by one mark or word, at times in small letters."""
    joint = _JOINTS[rng.integers(len(_JOINTS))]
    text, places = "", {}
    for i in rng.permutation(len(texts)):
        text += joint if text else ""
        places[int(i)] = (len(text), len(text) + len(texts[i]))
        text += texts[i]
    return (text.lower() if rng.random() < 0.5 else text), [places[i] for i in range(len(texts))]


def pairs_of(names: Iterable[str]) -> tuple[frozenset[str], ...]:
    """Pairs of units as they are named, "1+4"."""
    return tuple(frozenset(name.split("+")) for name in names)


def meets(coding: Coding, pairs: Iterable[frozenset[str]]) -> bool:
    """Whether one of some pairs of units is in a coding, as asked or as it stands after
    resolution.
    """
    here = {a.code for a in coding} | {a.code for a in resolve(coding).coding}
    return any(pair <= here for pair in pairs)


def contrasts(
    resolution: Resolution,
    count: int,
    *,
    detail: str,
    seed: int,
    resolved: bool = True,
    apart: Collection[frozenset[str]] = (),
) -> list[Said]:
    """Texts that are wrong in one way each; fewer where there are not as many.

    resolved: as for `asked`; without it a text is wrong in one way as it is written. apart: pairs
    of units that no text may name together, those that are kept out of training.
    """
    found: dict[Coding, Said] = {}
    for turn in range(_TURNS):
        for one in _some_contrasts(resolution.coding, count, seed + turn * _TURN):
            coding = one.coding if resolved else _as_written(resolution.coding, one)
            if coding not in (*found, resolution.coding) and not meets(coding, apart):
                told = one.resolution if resolved else resolve(coding, "off")
                found[coding] = say(told, detail=detail, seed=seed + 1)
        if len(found) >= count:
            break
    return list(found.values())[:count]


def _some_contrasts(coding: Coding, count: int, seed: int) -> tuple[Contrast, ...]:
    while count:
        try:
            return contrast(coding, count, seed=seed)
        except FacsTextError:  # a face at rest or a full one has few
            count -= 1
    return ()


def _as_written(coding: Coding, one: Contrast) -> Coding:
    """The change of a contrast, made to a coding that is not resolved: what comes takes the place
    of what was asked of the same side, of which resolution may have left nothing.
    """
    gone = {action.code for action in one.before}
    gone |= {action.code for action in one.after if action.side == "both"}
    come = {(action.code, side) for action in one.after for side in (action.side, "both")}
    kept = (a for a in coding if a.code not in gone and (a.code, a.side) not in come)
    return Coding([*kept, *one.after])


def meant(said: Sequence[Said], spans: Sequence[Sequence[tuple[int, int]]], length: int) -> Tensor:
    """(B, L, A) 0 or 1: the columns that each word's part of its text is about. spans: of words, as
    `TextEncoder.spans` has them.
    """
    out = torch.zeros(len(said), length, len(COLUMNS))
    for b, (one, words) in enumerate(zip(said, spans, strict=True)):
        for part in one.parts:
            inside = part.words(words[:length])
            out[b, inside] = torch.from_numpy((part.columns > 0).astype(np.float32))
    return out
