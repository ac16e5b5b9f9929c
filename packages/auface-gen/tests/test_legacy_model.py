import pytest
import torch

from auface_gen.columns import COLUMNS
from auface_gen.errors import AUFaceGenError
from auface_gen.generator.legacy.model import FaceTransformer, GeneratorConfig

A = len(COLUMNS)
CONFIG = GeneratorConfig(
    grid=4, cell=2, num_codes=32, code_dim=4, width=32, layers=2, heads=2, hidden=48, token_width=16
)


@pytest.fixture
def model() -> FaceTransformer:
    torch.manual_seed(0)
    model = FaceTransformer(CONFIG, torch.randn(32, 4), torch.rand(A, 2, 2)).eval()
    for parameter in model.parameters():  # the zero starts would hide what depends on what
        torch.nn.init.normal_(parameter, 0, 0.1)
    return model


def inputs(rows: int = 3):
    g = torch.Generator().manual_seed(1)
    tokens, neutral = (
        torch.randint(0, 33, (rows, 16), generator=g),
        torch.randint(0, 32, (rows, 16), generator=g),
    )
    return (
        tokens,
        neutral,
        torch.rand(rows, 3, A, generator=g),
        torch.ones(rows, 3, dtype=torch.bool),
    )


def test_cells_and_grid_are_inverse(model: FaceTransformer) -> None:
    grid = torch.arange(32).view(2, 4, 4)
    cells = model.to_cells(grid)
    assert torch.equal(model.to_grid(cells), grid)
    assert cells[0, :4].tolist() == [0, 1, 4, 5]  # the upper left cell holds a 2 x 2 square


def test_logits_cover_codes_and_never_the_mask(model: FaceTransformer) -> None:
    logits = model(*inputs())
    assert logits.shape == (3, 16, 32)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()


def test_padding_clauses_change_nothing(model: FaceTransformer) -> None:
    tokens, neutral, clauses, said = inputs()
    padded = torch.cat([clauses, torch.rand(3, 2, A)], 1)
    mask = torch.cat([said, torch.zeros(3, 2, dtype=torch.bool)], 1)
    torch.testing.assert_close(
        model(tokens, neutral, padded, mask), model(tokens, neutral, clauses, said)
    )


def test_the_order_of_clauses_does_not_matter(model: FaceTransformer) -> None:
    tokens, neutral, clauses, said = inputs()
    torch.testing.assert_close(
        model(tokens, neutral, clauses.flip(1), said), model(tokens, neutral, clauses, said)
    )


def test_without_text_the_clauses_do_not_matter_and_with_it_they_do(model: FaceTransformer) -> None:
    tokens, neutral, clauses, said = inputs()
    silent = torch.zeros_like(said)
    torch.testing.assert_close(
        model(tokens, neutral, clauses, silent), model(tokens, neutral, clauses * 0.3, silent)
    )
    assert not torch.allclose(
        model(tokens, neutral, clauses, said), model(tokens, neutral, clauses * 0.3, said)
    )


def test_at_rest_is_not_the_same_as_untold(model: FaceTransformer) -> None:
    tokens, neutral, clauses, said = inputs()
    torch.nn.init.constant_(model.unsaid, 0.5)
    assert not torch.allclose(
        model(tokens, neutral, clauses * 0, said),
        model(tokens, neutral, clauses * 0, torch.zeros_like(said)),
    )


def test_an_untrained_model_copies_the_neutral() -> None:
    torch.manual_seed(0)
    model = FaceTransformer(CONFIG, torch.randn(32, 4), torch.rand(A, 2, 2)).eval()
    tokens, neutral, clauses, said = inputs()
    bonus = model(tokens, neutral, clauses, said).gather(2, neutral[..., None]).mean()
    assert bonus > model(tokens, neutral, clauses, said).mean() + 1


def test_a_config_that_does_not_fit_is_refused() -> None:
    with pytest.raises(AUFaceGenError, match="cell 3"):
        FaceTransformer(GeneratorConfig(grid=16, cell=3))
    with pytest.raises(AUFaceGenError, match="do not fit"):
        FaceTransformer(CONFIG, torch.randn(31, 4))
