"""Words as the text encoder takes them: each word whole where it is known, and by its pieces.

A word that was never trained on still has pieces: the runs of three letters of `<word>`, hashed
into a fixed number of buckets. That is how fastText reads words it has not met (Bojanowski et al.
2017, "Enriching word vectors with subword information"). Nothing of a text is ever unreadable.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Vocabulary", "WordIds", "split_words"]

_WORD = re.compile(r"[^\W\d_]+|\d+|[.,;:]")
_RUN = 3  # letters of a piece
_MOST_PIECES = 12  # of one word; longer words keep their first and last pieces


class WordIds(NamedTuple):
    """B texts of at most L words, of which U differ; G pieces a word.

    words: (B, L) int64, 0 where there is none, 1 for a word outside the vocabulary.
    distinct: (B, L) int64, the row of `pieces` that is the word's.
    pieces: (U, G) int64 buckets from 1 up, 0 where there is none; row 0 has none.
    """

    words: Tensor
    distinct: Tensor
    pieces: Tensor

    @property
    def said(self) -> Tensor:
        """(B, L) bool: where a text has a word."""
        return self.words > 0


def split_words(text: str) -> list[tuple[str, int, int]]:
    """The words of a text in lower case, each with where it begins and ends in the text.

    Letters of any script make words, digits make words of their own, of marks only those that
    divide clauses are kept.
    """
    return [(m.group().lower(), m.start(), m.end()) for m in _WORD.finditer(text)]


@lru_cache(maxsize=65536)
def _pieces(word: str, buckets: int) -> tuple[int, ...]:
    marked = f"<{word}>"
    runs = [marked[i : i + _RUN] for i in range(max(1, len(marked) - _RUN + 1))]
    if len(runs) > _MOST_PIECES:
        half = _MOST_PIECES // 2
        runs = runs[:half] + runs[-half:]
    return tuple(1 + zlib.crc32(run.encode("utf-8")) % buckets for run in runs)


@dataclass(frozen=True)
class Vocabulary:
    """The whole words that are known, how many buckets the pieces share, and where texts are cut.

    words: in a fixed order, which gives them their ids from 2 up. max_words: a longer text is cut
    there; `truncated` tells.
    """

    words: tuple[str, ...] = ()
    buckets: int = 4096
    max_words: int = 160

    @classmethod
    def of(cls, texts: Iterable[str], *, buckets: int = 4096, max_words: int = 160) -> Vocabulary:
        """The words of some texts, sorted."""
        seen = {word for text in texts for word, _, _ in split_words(text)}
        return cls(tuple(sorted(seen)), buckets, max_words)

    def truncated(self, text: str) -> bool:
        """Whether a text has more words than are read."""
        return len(split_words(text)) > self.max_words

    def ids(self, texts: Sequence[str]) -> WordIds:
        """Ids of B texts, padded to the longest; a text without a word has one unknown word."""
        index = _index(self.words)
        rows = [[w for w, _, _ in split_words(t)][: self.max_words] or [""] for t in texts]
        most = max(map(len, rows), default=1)
        words, distinct = torch.zeros(2, len(rows), most, dtype=torch.long)
        place: dict[str, int] = {}
        for b, row in enumerate(rows):
            words[b, : len(row)] = torch.tensor([index.get(w, 1) for w in row])
            distinct[b, : len(row)] = torch.tensor(
                [place.setdefault(w, len(place) + 1) for w in row]
            )
        pieces = torch.zeros(len(place) + 1, _MOST_PIECES, dtype=torch.long)
        for word, i in place.items():
            runs = _pieces(word, self.buckets)
            pieces[i, : len(runs)] = torch.tensor(runs)
        return WordIds(words, distinct, pieces)


@lru_cache(maxsize=8)
def _index(words: tuple[str, ...]) -> dict[str, int]:
    return {word: i + 2 for i, word in enumerate(words)}
