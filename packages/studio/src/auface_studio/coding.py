"""One coding as the page shows it: codes, sliders, English, and the commands that make it again.

`look` takes any of the three views and gives back all of them, so the page never has to know the
notation or the grammar: it sends what the person changed, and shows what comes back.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from auface_studio.errors import StudioError
from auface_studio.trace import trace
from facs_text import (
    Action,
    Clause,
    Coding,
    FacsTextError,
    describe,
    parse,
    understand,
    unit,
    units,
)

if TYPE_CHECKING:
    from auface_gen.request import Request

__all__ = ["DETAILS", "VIEWS", "catalogue", "look", "read_coding", "read_shows"]

DETAILS = ("brief", "full", "clinical", "prompt")
VIEWS = ("codes", "text", "actions")
MAX_TEXT = 20_000


class Read(NamedTuple):
    """A coding, the spans of its English that were not understood, the units it says are absent."""

    coding: Coding
    unread: list[dict[str, Any]]
    absent: frozenset[str]


def read_coding(asked: Mapping[str, Any]) -> Read:
    """The coding of a request, what of its English was not understood and what it denies.

    asked holds one of `codes` (FACS notation), `text` (English) and `actions` (a list of
    [code, side, level]). Raises StudioError or FacsTextError that says what is wrong.
    """
    given = [key for key in VIEWS if asked.get(key) is not None]
    if len(given) != 1:
        raise StudioError("give one of codes, text and actions")
    value = asked[given[0]]
    if given[0] == "actions":
        return Read(_from_actions(value), [], frozenset())
    if not isinstance(value, str):
        raise StudioError(f"{given[0]} is text, not {type(value).__name__}")
    if len(value) > MAX_TEXT:
        raise StudioError(f"{len(value)} characters; at most {MAX_TEXT} are read")
    if given[0] == "codes":
        return Read(parse(value) if value.strip() else Coding(), [], frozenset())
    understood = understand(value)
    spans = [{"start": s.start, "end": s.end, "text": s.text} for s in understood.unparsed]
    return Read(understood.coding, spans, understood.absent)


def read_shows(value: Any) -> Request | None:
    """What the face in a portrait is said to do already, as the generator reads it: codes or words.

    None where nothing is said. Raises StudioError or FacsTextError that says what is wrong.
    """
    from auface_gen.request import read_request

    if value is None:
        return None
    if not isinstance(value, str):
        raise StudioError(f"shows is text, not {type(value).__name__}")
    if len(value) > MAX_TEXT:
        raise StudioError(f"shows has {len(value)} characters; at most {MAX_TEXT} are read")
    return read_request(value) if value.strip() else None


def _from_actions(value: Any) -> Coding:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > 400:
        raise StudioError("actions is a list of [code, side, level]")
    actions = []
    for one in value:
        if not isinstance(one, Sequence) or isinstance(one, str) or not 3 <= len(one) <= 4:
            raise StudioError(f"an action is [code, side, level], not {one!r:.80}")
        code, side, level = one[:3]
        if not isinstance(code, str) or not isinstance(side, str):
            raise StudioError(f"an action is [code, side, level], not {one!r:.80}")
        actions.append(Action(code, side, level, bool(one[3]) if len(one) == 4 else False))
    return Coding(actions)


def look(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that is said of one coding, as plain values for JSON."""
    coding, unread, absent = read_coding(asked)
    detail = asked.get("detail", "full")
    seed = asked.get("seed", 0)
    if detail not in DETAILS:
        raise StudioError(f"detail {detail!r:.40}; expected one of {', '.join(DETAILS)}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise StudioError(f"seed {seed!r:.40} is not a whole number from 0 to {2**31 - 1}")
    said = describe(coding, detail=detail, seed=seed, absent=absent)
    resolution = said.resolution
    return {
        "codes": str(coding),
        "actions": [[a.code, a.side, a.level, a.doubt] for a in coding],
        "resolved": str(resolution.coding),
        "text": said.text,
        "clauses": _placed(said.text, said.clauses),
        "seen": {key: dict(sides) for key, sides in resolution.activations.items()},
        "trace": trace(coding, resolution),
        "unread": unread,
        "absent": sorted(absent),
        "copy": _copies(coding, said.text, seed),
    }


def _placed(text: str, clauses: Sequence[Clause]) -> list[dict[str, Any]]:
    """Clauses with where they stand in the text; the first letter's case may differ there."""
    placed, at, low = [], 0, text.lower()
    for clause in clauses:
        found = low.find(clause.text.lower(), at)
        start, end = (found, found + len(clause.text)) if found >= 0 else (at, at)
        placed.append(
            {
                "text": clause.text,
                "start": start,
                "end": end,
                "aus": list(clause.aus),
                "region": clause.region,
                "codes": clause.codes,
            }
        )
        at = end
    return placed


def _copies(coding: Coding, text: str, seed: int) -> dict[str, str]:
    """The same coding as other people need it; `{person}` and `{draw}` are filled by the page."""
    codes = str(coding)
    return {
        "codes": codes,
        "text": text,
        "python": (
            "from auface_gen import AUFace\n\n"
            "model = AUFace.from_pretrained()\n"
            f'face = model.generate("{codes}", identity_seed={{person}}, seed={{draw}})[0]\n'
            'face.save("face.png")\n'
        ),
        "command": (
            f"auface generate {shlex.quote(codes)} --identity-seed {{person}} --seed {{draw}} "
            "--out face.png"
        ),
        "json": json.dumps(
            {"codes": codes, "text": text, "text_seed": seed},
            ensure_ascii=False,
            indent=1,
        ),
    }


def catalogue() -> dict[str, Any]:
    """The units that the rig can show, for sliders, in the order of the face; and the presets."""
    from auface_gen.columns import UNITS
    from facs_text import PRESETS

    rows = []
    for code in UNITS:
        au = unit(code)
        rows.append(
            {
                "code": code,
                "key": au.key,
                "name": au.name,
                "region": au.region,
                "motion": au.motion,
                "muscles": list(au.muscles),
                "sides": list(au.sides),
                "whole": au.whole,
                "graded": au.graded,
                "order": au.order,
            }
        )
    rows.sort(key=lambda row: (row["order"], row["code"]))
    presets = []
    for name, preset in PRESETS.items():
        levels = [
            a._replace(level=a.level or 3) if unit(a.code).graded else a for a in preset.coding
        ]
        presets.append(
            {
                "name": name,
                "codes": str(preset.coding),
                "drawn": str(Coding(levels)),
                "system": preset.system,
                "source": preset.source,
            }
        )
    return {
        "units": rows,
        "other": {au.code: au.name for au in units() if au.code not in UNITS},
        "presets": presets,
        "details": list(DETAILS),
    }


def is_wrong(error: Exception) -> bool:
    """Whether an error is the asker's: something that one of our packages refused."""
    return isinstance(error, StudioError | FacsTextError) or (
        isinstance(error, ValueError)
        and type(error).__module__.partition(".")[0]
        in ("facs_text", "auface_gen", "aaad", "vq_tokenizer", "auface_studio")
    )
