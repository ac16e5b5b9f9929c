import numpy as np
import torch

from auface_gen.columns import COLUMNS
from auface_gen.generator.legacy.reader import ClauseReader, TextConfig, words
from auface_gen.generator.legacy.train_reader import draw_clauses


def reader() -> ClauseReader:
    torch.manual_seed(0)
    return ClauseReader(TextConfig(("brows", "lips", "rise"), width=16, layers=1, heads=2)).eval()


def test_words_are_lower_case_and_marks_apart() -> None:
    assert words("The brows RISE, lips (AU12C).") == [
        "the",
        "brows",
        "rise",
        ",",
        "lips",
        "au",
        "12",
        "c",
    ]


def test_a_clause_is_read_the_same_whatever_stands_beside_it() -> None:
    r = reader()
    alone = r.read(["brows rise"])
    torch.testing.assert_close(r.read(["brows rise", "lips rise brows lips lips"])[:1], alone)


def test_any_text_can_be_read() -> None:
    out = reader().read(["", "zzz", "lips " * 500])
    assert out.shape == (3, len(COLUMNS))
    assert ((out >= 0) & (out <= 1)).all()


def test_drawn_clauses_say_units_with_their_strength() -> None:
    texts, vectors = draw_clauses(np.random.default_rng(0), 60)
    assert len(texts) == len(vectors) >= 60
    assert vectors.min() >= 0
    assert vectors.max() <= 1
    again, same = draw_clauses(np.random.default_rng(0), 60)
    assert again == texts
    assert (same == vectors).all()
