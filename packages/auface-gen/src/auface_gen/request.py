"""What is asked for: FACS notation, plain English, or a Coding."""

from __future__ import annotations

import re
from typing import NamedTuple

from facs_text import Coding, FacsTextError, parse, understand

__all__ = ["Request", "is_words", "read_request", "shortened"]


class Request(NamedTuple):
    """coding: what is asked for, as far as it was understood. text: the words as a person wrote
    them, empty where codes were given. not_understood: parts of the text that name no unit.
    """

    coding: Coding
    text: str = ""
    not_understood: tuple[str, ...] = ()


def read_request(request: str | Coding) -> Request:
    """A request from FACS notation, plain English, or a Coding. Raises FacsTextError for what is
    none of them.
    """
    if isinstance(request, Coding):
        return Request(request)
    if not request.strip():
        raise FacsTextError(
            "nothing to draw: the request is empty; give codes such as 6C+12D, "
            "or 0 for a face at rest"
        )
    if not is_words(request):
        return Request(parse(request))
    understood = understand(request)
    if not understood.coding and understood.unparsed:
        raise FacsTextError(
            f"no facial action was understood in {shortened(request)!r}; describe actions, "
            "or give codes such as 6C+12D"
        )
    return Request(understood.coding, request, tuple(s.text for s in understood.unparsed))


def is_words(request: str) -> bool:
    """Whether a request is words: a word of three letters makes it so; else it is notation."""
    return re.search(r"[A-Za-z]{3,}", request) is not None


def shortened(text: str) -> str:
    """A text as an error can quote it."""
    return text if len(text) <= 80 else text[:77] + "..."
