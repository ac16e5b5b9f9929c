"""An encoder that others trained in the place of the own one, here a stand-in of its kind."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from auface_gen.columns import COLUMNS
from auface_gen.errors import AUFaceGenError
from auface_gen.generator.condition import TextCondition
from auface_gen.generator.pretrained_encoder import PretrainedEncoder
from auface_gen.generator.wording import meant, say
from auface_gen.generator.words import split_words
from facs_text import resolve


class Tokenizer:
    """Words as pieces, between two marks without characters, as CLIP's has them."""

    model_max_length = 20

    def __call__(self, texts: list[str], max_length: int | None = None, **options: object) -> dict:
        rows = [[(0, 0), *((a, b) for _, a, b in split_words(t)), (0, 0)] for t in texts]
        rows = [row[:max_length] for row in rows]
        if not options:
            return {"input_ids": rows}
        most = max(map(len, rows))
        padded = [row + [(0, 0)] * (most - len(row)) for row in rows]
        said = torch.tensor([[1] * len(row) + [0] * (most - len(row)) for row in rows])
        ids = torch.tensor([[sum(map(ord, t[a:b])) % 50 for a, b in row]
                            for t, row in zip(texts, padded, strict=True)])  # fmt: skip
        offsets = torch.tensor(padded)
        return {"input_ids": ids, "attention_mask": said, "offset_mapping": offsets}


class Model(nn.Module):
    """States of 12 numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 12)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(last_hidden_state=self.table(input_ids))


@pytest.fixture
def encoder() -> PretrainedEncoder:
    torch.manual_seed(0)
    return PretrainedEncoder(Tokenizer(), Model(), inner=12, width=16, most=20)


def test_its_states_are_projected_and_it_stays_as_it_is(encoder: PretrainedEncoder) -> None:
    states, said = encoder.encode(["the brow rises", "jaw drops"])
    assert states.shape == (2, 5, 16)
    assert said.sum(1).tolist() == [5, 4]
    states.sum().backward()
    names = {name for name, _ in encoder.named_parameters()}
    assert names == {"project.weight", "project.bias", "norm.weight"}
    assert set(encoder.state_dict()) == names
    assert all(p.grad is None for p in encoder._frozen[1].parameters())


def test_words_stand_where_its_pieces_are_and_marks_mean_nothing(
    encoder: PretrainedEncoder,
) -> None:
    said = say(resolve("1C+26D"), detail="brief")
    spans = encoder.spans([said.text])
    assert spans[0][0] == (0, 0)
    assert "".join(said.text[a:b] for a, b in spans[0]).startswith(said.text[:4])
    found = meant([said], spans, len(spans[0]))
    assert found[0, 0].sum() == 0
    assert found[0, 1].sum() > 0
    heard = TextCondition(encoder, torch.rand(len(COLUMNS), 2, 2))([said.text])
    assert heard.reach.shape == (1, 4, len(spans[0]))


def test_long_texts_are_known_to_be_cut(encoder: PretrainedEncoder) -> None:
    assert encoder.fits("brow " * 18)
    assert not encoder.fits("brow " * 19)
    assert encoder.encode(["brow " * 40])[0].shape == (1, 20, 16)


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(AUFaceGenError, match=r"auface-gen\[pretrained\]"):
        PretrainedEncoder.load(tmp_path, width=16)
    auto = SimpleNamespace(AutoModel=None, AutoTokenizer=None)
    monkeypatch.setitem(sys.modules, "transformers", auto)
    with pytest.raises(AUFaceGenError, match="nothing is fetched"):
        PretrainedEncoder.load(tmp_path / "nowhere", width=16)
