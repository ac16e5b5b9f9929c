"""How many tokens CLIP makes of a text: an estimate that never counts too few.

CLIP cuts a text in lower case into pieces (runs of letters, single digits, runs of other marks,
the endings 's, 't and the like), and makes each piece into tokens by byte-pair encoding, which
begins with one token a byte and only ever merges. So a piece is never more tokens than it has
bytes; and how many tokens each word of this package is, as its published merges give them, is
kept in ``data/clip_tokens.json`` (made by ``scripts/clip_tokens.py``). A word that is not there
counts its bytes: too many, never too few. The two marks around a text are counted too.
"""

from __future__ import annotations

import re
from functools import lru_cache

from facs_text._errors import FacsTextError
from facs_text._units import load_data

__all__ = ["CLIP_LENGTH", "clip_tokens", "measure", "pieces", "word_lengths"]

CLIP_LENGTH = 77  # what CLIP's text model takes, both marks included
MARKS = 2  # start and end of the text
_PIECE = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+|_+")
UNITS = ("tokens", "words")


def pieces(text: str) -> list[str]:
    """The pieces that CLIP encodes one by one, in lower case."""
    return _PIECE.findall(text.lower())


@lru_cache(maxsize=1)
def word_lengths() -> dict[str, int]:
    """Tokens of each known piece of letters."""
    rows: dict[str, str] = load_data("clip_tokens.json")["words"]
    return {word: int(count) for count, words in rows.items() for word in words.split()}


@lru_cache(maxsize=65536)
def body_tokens(text: str) -> int:
    """Tokens of a text without the two marks around it.

    Counts add up: those of two texts with a blank or a mark between them are those of the whole.
    """
    known = word_lengths()
    return sum([known.get(piece) or len(piece.encode()) for piece in pieces(text)])


def clip_tokens(text: str) -> int:
    """Tokens of a text for CLIP, both marks included: never fewer than its own tokenizer makes.

    Exact for what describe says, but for words that were added since the table was made. CLIP
    takes at most 77.
    """
    if not isinstance(text, str):
        raise FacsTextError(f"clip_tokens takes text, not {type(text).__name__}")
    return body_tokens(text) + MARKS


def measure(unit: str) -> tuple[int, bool]:
    """(what every text costs, whether words are counted) for a budget in "tokens" or "words"."""
    if unit not in UNITS:
        raise FacsTextError(f"budget_unit {unit!r}; expected one of {', '.join(UNITS)}")
    return (0, True) if unit == "words" else (MARKS, False)


def cost(text: str, *, words: bool) -> int:
    """Length of a stretch of text, in words or in tokens without marks."""
    return len(text.split()) if words else body_tokens(text)
