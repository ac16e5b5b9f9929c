from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.sampling import halton_order, reveal_counts, sample

T, K = 24, 7


def model(seed: int = 0):
    logits = torch.randn(2, T, K, generator=torch.Generator().manual_seed(seed))
    return lambda tokens, told: logits[: len(tokens)] * (2.0 if told else 1.0)


def start(rows: int = 2) -> torch.Tensor:
    return torch.full((rows, T), K)


@pytest.mark.parametrize("grid", [1, 2, 7, 16, 32, 63, 64])
def test_the_halton_order_is_a_permutation(grid: int) -> None:
    assert halton_order(grid).sort().values.tolist() == list(range(grid * grid))


@given(st.integers(1, 300), st.data(), st.sampled_from(["cosine", "linear"]))
def test_every_step_reveals_and_all_is_revealed(tokens: int, data, curve: str) -> None:
    counts = reveal_counts(tokens, data.draw(st.integers(1, tokens)), curve)
    assert sum(counts) == tokens
    assert min(counts) >= 1


def test_wrong_steps_and_curves_are_named() -> None:
    with pytest.raises(AUFaceGenError, match="steps=0"):
        reveal_counts(4, 0)
    with pytest.raises(AUFaceGenError, match="arccos"):
        reveal_counts(4, 2, "arccos")


@pytest.mark.parametrize(
    "order", [None, torch.randperm(T, generator=torch.Generator().manual_seed(3))]
)
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_no_mask_is_left_and_a_revealed_token_never_changes(order, temperature: float) -> None:
    seen: list[torch.Tensor] = []
    out = sample(
        model(),
        start(),
        mask_id=K,
        steps=5,
        temperature=temperature,
        order=order,
        on_step=lambda _, t: seen.append(t.clone()),
    )
    assert (out < K).all()
    for before, after in pairwise(seen):
        known = before != K
        assert (before[known] == after[known]).all()
    assert len(seen) == 5


def test_known_tokens_are_kept() -> None:
    given_ = start()
    given_[:, :10] = 3
    assert (sample(model(), given_, mask_id=K, steps=4)[:, :10] == 3).all()


def test_temperature_to_zero_is_the_likeliest_code() -> None:
    cold = sample(model(), start(), mask_id=K, steps=6, temperature=1e-4, order=torch.arange(T))
    assert torch.equal(cold, sample(model(), start(), mask_id=K, steps=6, temperature=0.0))
    assert torch.equal(cold, model()(start(), True).argmax(-1))


def test_guidance_one_runs_no_unconditional_pass() -> None:
    calls: list[bool] = []
    base = model()

    def counting(tokens, told):
        calls.append(told)
        return base(tokens, told)

    sample(counting, start(), mask_id=K, steps=3, guidance=1.0)
    assert calls == [True] * 3
    calls.clear()
    sample(counting, start(), mask_id=K, steps=3, guidance=2.0)
    assert calls == [True, False] * 3


def test_guidance_is_uncond_plus_g_times_the_difference() -> None:
    told, untold = torch.zeros(1, 1, 3), torch.zeros(1, 1, 3)
    told[..., 0], untold[..., 1] = 1.0, 0.9
    two = lambda tokens, with_text: told if with_text else untold  # noqa: E731
    assert sample(two, torch.full((1, 1), 3), mask_id=3, steps=1, guidance=0.0).item() == 1
    assert sample(two, torch.full((1, 1), 3), mask_id=3, steps=1, guidance=3.0).item() == 0


def test_a_row_does_not_depend_on_its_batch() -> None:
    generators = lambda: [torch.Generator().manual_seed(s) for s in (5, 6)]  # noqa: E731
    both = sample(model(), start(), mask_id=K, steps=4, temperature=1.0, generators=generators())
    alone = sample(
        model(), start(1), mask_id=K, steps=4, temperature=1.0, generators=generators()[:1]
    )
    assert torch.equal(both[:1], alone)
