"""Words as the generator's text encoder takes them."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from auface_gen.generator.text_encoder import WordEncoder, WordEncoderConfig
from auface_gen.generator.words import Vocabulary, split_words

KNOWN = Vocabulary.of(["The left brow rises slightly; the jaw drops."], max_words=12)


@pytest.fixture(scope="module")
def encoder() -> WordEncoder:
    torch.manual_seed(0)
    made = WordEncoder(WordEncoderConfig(KNOWN, width=16, layers=2, heads=2)).eval()
    for parameter in made.parameters():  # the zero starts would hide what depends on what
        torch.nn.init.normal_(parameter, 0, 0.2)
    return made


@given(st.text(max_size=60))
def test_words_stand_in_the_text_where_they_are_said_to(text: str) -> None:
    for word, begin, end in split_words(text):
        assert text[begin:end].lower() == word


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_every_text_has_ids_that_fit(texts: list[str]) -> None:
    ids = KNOWN.ids(texts)
    assert ids.words.shape == ids.distinct.shape
    assert ids.said.any(1).all()
    assert ids.words.max() < len(KNOWN.words) + 2
    assert ids.distinct.max() < len(ids.pieces)
    assert ids.pieces.max() <= KNOWN.buckets


def test_longer_texts_are_cut_and_it_is_said() -> None:
    text = "brow " * 13
    assert KNOWN.truncated(text)
    assert not KNOWN.truncated("brow " * 12)
    assert KNOWN.ids([text]).words.shape == (1, 12)


def test_a_text_is_heard_the_same_in_any_company(encoder: WordEncoder) -> None:
    texts = ["the brow rises", "The left jaw drops slightly; the brow rises.", ""]
    states, said = encoder.encode(texts)
    for i, text in enumerate(texts):
        alone, _ = encoder.encode([text])
        torch.testing.assert_close(states[i, said[i]], alone[0])


def test_words_never_met_are_told_apart_by_their_pieces(encoder: WordEncoder) -> None:
    one, two, again = (encoder.encode([w])[0] for w in ("glabella", "philtrum", "GLABELLA"))
    assert not torch.allclose(one, two, atol=1e-3)
    torch.testing.assert_close(one, again)


def test_the_order_of_words_matters(encoder: WordEncoder) -> None:
    one, _ = encoder.encode(["left brow rises, jaw drops"])
    two, _ = encoder.encode(["left jaw drops, brow rises"])
    assert not torch.allclose(one.mean(1), two.mean(1), atol=1e-3)


def test_spans_name_what_each_state_stands_for(encoder: WordEncoder) -> None:
    texts = ["The LEFT brow.", "", "jaw " * 20]
    states, said = encoder.encode(texts)
    spans = encoder.spans(texts)
    assert [len(s) for s in spans] == said.sum(1).tolist()
    assert [texts[0][a:b] for a, b in spans[0]] == ["The", "LEFT", "brow", "."]
    assert states.shape == (3, 12, 16)


def test_training_hides_known_words_behind_their_pieces() -> None:
    torch.manual_seed(0)
    made = WordEncoder(WordEncoderConfig(KNOWN, width=16, layers=1, heads=2, word_drop=1.0))
    with torch.no_grad():
        made.piece.weight.zero_()
    one, two = (made.train().encode([w])[0] for w in ("brow", "jaw"))
    torch.testing.assert_close(one, two)
    one, two = (made.eval().encode([w])[0] for w in ("brow", "jaw"))
    assert not torch.allclose(one, two)
