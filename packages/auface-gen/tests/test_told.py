"""The transformer over tokens of change, and what it is told."""

import pytest
import torch

from auface_gen.columns import COLUMNS
from auface_gen.errors import AUFaceGenError
from auface_gen.generator.anatomy import Anatomy
from auface_gen.generator.condition import Heard
from auface_gen.generator.model import Generator, GeneratorConfig
from auface_gen.generator.text_encoder import WordEncoderConfig
from auface_gen.generator.transformer import ChangeTransformer, TransformerConfig
from auface_gen.generator.words import Vocabulary

A = len(COLUMNS)
TINY = TransformerConfig(
    grid=4, cell=2, num_codes=32, code_dim=4, still=7, reference_width=3, text_width=16,
    width=32, layers=2, heads=2, hidden=48, token_width=16,
)  # fmt: skip
TEXTS = ["the left brow rises", "jaw drops", "the lips are pressed hard together"]


def made(condition: str = "text") -> Generator:
    torch.manual_seed(0)
    words = WordEncoderConfig(Vocabulary.of(TEXTS), width=16, layers=1, heads=2)
    config = GeneratorConfig(condition=condition, encoder=words, transformer=TINY)
    model = Generator(config, torch.randn(32, 4), torch.rand(A, 2, 2)).eval()
    for parameter in model.parameters():  # the zero starts would hide what depends on what
        torch.nn.init.normal_(parameter, 0, 0.2)
    return model


@pytest.fixture(scope="module")
def model() -> Generator:
    return made()


def inputs(rows: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, 33, (4, 16), generator=g)
    return tokens[:rows], torch.randn(4, 4, 12, generator=g)[:rows]


def drawn(model: Generator, heard: Heard) -> torch.Tensor:
    tokens, reference = inputs(len(heard.said))
    return model.transformer(tokens, model.transformer.listen(heard, reference))


def test_cells_and_grid_are_inverse(model: Generator) -> None:
    grid = torch.arange(32).view(2, 4, 4)
    cells = model.transformer.to_cells(grid)
    assert torch.equal(model.transformer.to_grid(cells), grid)
    assert cells[0, :4].tolist() == [0, 1, 4, 5]  # the upper left cell holds a 2 x 2 square


def test_features_of_the_reference_go_to_the_cell_of_their_place(model: Generator) -> None:
    place = torch.arange(16.0).view(1, 1, 4, 4).expand(2, 3, 4, 4)
    cells = model.transformer.reference_cells(place)
    assert cells.shape == (2, 4, 12)
    assert cells[0, 0].unique().tolist() == [0, 1, 4, 5]
    with pytest.raises(AUFaceGenError, match="features of the reference"):
        model.transformer.reference_cells(place[:, :2])


def test_logits_cover_codes_and_never_the_mask(model: Generator) -> None:
    logits = drawn(model, model.hear(TEXTS))
    assert logits.shape == (3, 16, 32)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()


def test_words_reach_the_picture_and_padding_does_not(model: Generator) -> None:
    told = drawn(model, model.hear(TEXTS))
    other = drawn(model, model.hear([TEXTS[1], *TEXTS[1:]]))
    assert not torch.allclose(told[0], other[0])
    torch.testing.assert_close(told[1:], other[1:])
    heard = model.hear([*TEXTS, "one text " * 20])
    padded = Heard(*(part[:3] for part in heard if part is not None))
    torch.testing.assert_close(told, drawn(model, padded), atol=1e-4, rtol=1e-4)


def test_who_is_told_nothing_hears_nothing(model: Generator) -> None:
    rows = torch.tensor([True, True, False])
    one = drawn(model, model.hear(TEXTS).silenced(rows))
    two = drawn(model, model.hear(["a smile", "eyes shut", TEXTS[2]]).silenced(rows))
    torch.testing.assert_close(one, two)
    assert not torch.allclose(one[:2], drawn(model, model.hear(TEXTS))[:2])


def test_the_prior_can_be_switched_off(model: Generator) -> None:
    heard = model.hear(TEXTS)
    sure = heard._replace(reach=torch.rand(heard.reach.shape) * heard.said[:, None])
    off = drawn(model, sure.unguided())
    assert not torch.allclose(drawn(model, sure), off)
    torch.testing.assert_close(off, drawn(model, heard.unguided()))
    first = torch.tensor([True, False, False])
    torch.testing.assert_close(drawn(model, sure.unguided(first))[0], off[0])
    assert not torch.allclose(drawn(model, sure.unguided(first))[1:], off[1:])


def test_the_prior_draws_a_cell_to_the_words_that_can_move_it(model: Generator) -> None:
    block = model.transformer.blocks[0]
    shut = torch.zeros(1, 1, 1, 3)
    reach = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).view(1, 1, 2, 3)
    with torch.no_grad():
        block.pull.fill_(9.0)
    _, bias = block.ear(torch.zeros(1, 3, 16), reach, shut)
    heard = torch.softmax(bias, -1)  # states that are all alike leave the choice to the prior
    assert (heard[0, :, 0, 1] > 0.99).all()
    assert (heard[0, :, 1, 2] > 0.99).all()


def test_reach_is_the_map_of_what_is_meant_and_has_no_gradient() -> None:
    maps = torch.rand(A, 2, 2)
    anatomy = Anatomy(8, maps)
    logits = torch.full((1, 2, A), -9.0)
    logits[0, 1, 5] = 9.0
    reach = anatomy.reach(logits.requires_grad_())
    assert not reach.requires_grad
    assert reach[0, :, 0].abs().max() == 0
    torch.testing.assert_close(reach[0, :, 1], maps[5].flatten(), atol=1e-3, rtol=0)


def test_what_words_mean_is_learned_from_the_words_alone(model: Generator) -> None:
    heard = model.hear(TEXTS)
    meant = torch.zeros_like(heard.units)
    model.condition.anatomy.loss(heard.units, meant, heard.said).backward()
    moved = {n.split(".")[0] for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    assert moved == {"condition"}


def test_an_untrained_model_leaves_the_face_as_it_is() -> None:
    torch.manual_seed(0)
    codes = torch.rand(32, 4) * 2 - 1
    codes[7] = 0.0
    plain = ChangeTransformer(TINY, codes)
    states = torch.randn(3, 5, 16)
    heard = Heard(states, torch.ones(3, 5, dtype=torch.bool), torch.rand(3, 4, 5))
    tokens, reference = inputs()
    logits = plain(tokens, plain.listen(heard, reference))
    assert (logits.argmax(-1) == 7).all()


def values(**units: float) -> torch.Tensor:
    row = torch.zeros(1, A)
    for i, (name, _) in enumerate(COLUMNS):
        row[0, i] = units.get(name, 0.0)
    return row


def test_numbers_are_heard_by_unit_and_level_and_one_hot_ones_by_unit() -> None:
    numbers, onehot = made("numbers"), made("onehot")
    weak, strong, other = values(AU1=0.2), values(AU1=0.8), values(AU2=0.2)
    for model, same in ((numbers, False), (onehot, True)):
        said = [drawn(model, model.hear([""], v)) for v in (weak, strong, other)]
        assert torch.allclose(said[0], said[1]) is same
        assert not torch.allclose(said[0], said[2])
    with pytest.raises(AUFaceGenError, match="needs values"):
        numbers.hear(["brow"])


def test_numbers_at_rest_are_not_the_same_as_no_numbers() -> None:
    model = made("numbers")
    rest = model.hear([""], torch.zeros(1, A))
    assert rest.said.sum() == 1
    assert not torch.allclose(
        drawn(model, rest), drawn(model, rest.silenced(torch.ones(1, dtype=torch.bool)))
    )


def test_numbers_reach_where_their_unit_moves_the_face_and_padding_changes_nothing() -> None:
    model = made("numbers")
    both = model.hear(["", ""], torch.cat([values(AU1=0.5), values(AU1=0.5, AU26=1.0)]))
    alone = model.hear([""], values(AU1=0.5))
    maps = model.condition.maps[1:]
    at = [i for i, (name, _) in enumerate(COLUMNS) if name == "AU1"]
    torch.testing.assert_close(alone.reach[0, :, 1:], maps[at].T)
    torch.testing.assert_close(drawn(model, both)[:1], drawn(model, alone))


def test_the_trunk_is_the_same_whatever_it_is_told() -> None:
    trunks = [made(c).transformer for c in ("text", "numbers", "onehot")]
    shapes = [{k: v.shape for k, v in t.state_dict().items()} for t in trunks]
    assert shapes[0] == shapes[1] == shapes[2]


def test_a_config_comes_back_and_one_that_does_not_fit_is_refused() -> None:
    config = made().config
    assert GeneratorConfig.from_json(config.to_json(), "x") == config
    for wrong in (None, [], {}, {**config.to_json(), "encoder": {"vocabulary": 3}}):
        with pytest.raises(AUFaceGenError, match=r"x is not a config"):
            GeneratorConfig.from_json(wrong, "x")
    with pytest.raises(AUFaceGenError, match="cell 3"):
        TransformerConfig(cell=3)
    with pytest.raises(AUFaceGenError, match="still"):
        TransformerConfig(still=1000)
    with pytest.raises(AUFaceGenError, match="wide"):
        GeneratorConfig(transformer=TINY)
    with pytest.raises(AUFaceGenError, match="condition='music'"):
        GeneratorConfig(condition="music")
    with pytest.raises(AUFaceGenError, match="do not fit"):
        ChangeTransformer(TINY, torch.randn(31, 4))
