"""Token counts: as CLIP's published merges give them, and never fewer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import codings

from facs_text import FacsTextError, clip_tokens, describe
from facs_text._tokens import body_tokens, pieces, word_lengths

# Counted with openai/CLIP's own merges, both marks included.
COUNTED = [
    ("", 2),
    ("The inner brows are raised clearly.", 9),
    ("Sternocleidomastoid", 9),
    ("The orbital part of orbicularis oculi raises the cheeks.", 17),
    ("crow's-feet at the outer corners", 10),
    ("Zygomaticus major draws the lip corners strongly up and back.", 16),
]


@pytest.mark.parametrize(("text", "count"), COUNTED)
def test_as_clip_counts(text: str, count: int) -> None:
    assert clip_tokens(text) == count


@given(codings(), st.sampled_from(("brief", "full", "clinical")), st.integers(0, 99))
def test_what_is_said_is_known_word_by_word(coding, detail: str, seed: int) -> None:
    known = word_lengths()
    words = [p for p in pieces(describe(coding, detail=detail, seed=seed).text) if p.isalpha()]
    guessed = [w for w in words if w not in known]
    # A word that a coder adds to the wording counts its bytes until the table is made again.
    assert len(guessed) <= max(3, len(words) // 5), guessed


def test_a_word_that_is_not_known_counts_its_bytes() -> None:
    assert "brobdingnagian" not in word_lengths()
    assert clip_tokens("brobdingnagian") == 2 + 14
    assert clip_tokens("ü") == 2 + 2
    assert clip_tokens("12 34") == 2 + 4


@given(st.text(max_size=60))
def test_no_text_is_counted_longer_than_its_bytes(text: str) -> None:
    assert 2 <= clip_tokens(text) <= 2 + len(text.lower().encode("utf-8", "surrogatepass"))


@given(st.lists(st.text(st.characters(codec="ascii"), max_size=20), max_size=5))
def test_counts_add_up(parts: list[str]) -> None:
    assert body_tokens(" ".join(parts)) == sum(body_tokens(p) for p in parts)


def test_only_text() -> None:
    with pytest.raises(FacsTextError):
        clip_tokens(b"smile")  # type: ignore[arg-type]
