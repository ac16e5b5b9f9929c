"""Which split a person is in. Two rules, a name each: by a name, and by a running number."""

from __future__ import annotations

import hashlib

__all__ = ["SPLITS", "split_of_number", "split_of_subject"]

SPLITS = ("train", "valid", "test")
_TENTHS = {8: "valid", 9: "test"}  # of ten people, eight are in train


def split_of_subject(subject: str) -> str:
    """train, valid or test (8 : 1 : 1), by the person's name alone: the same everywhere."""
    place = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).digest()[0] % 10
    return _TENTHS.get(place, "train")


def split_of_number(number: int) -> str:
    """train, valid or test of the number-th person of a corpus that numbers them: of each ten
    exactly one in valid and one in test.
    """
    return _TENTHS.get(number % 10, "train")
