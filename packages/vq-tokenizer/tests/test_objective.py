"""What a step makes of a pair: both pictures changed alike, and what must be told of it."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from vq_tokenizer.training.augment import move_slightly, recolour
from vq_tokenizer.training.batches import Batch
from vq_tokenizer.training.objective import (
    change_loss,
    flow_loss,
    moved_weights,
    prepare,
    still_loss,
    still_patches,
)
from vq_tokenizer.training.run import TokenizerRun

RUN = TokenizerRun(size=32, model="tiny-reference", without=0.0, redrawn=0.0, misaligned=0.0)


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 6, side: int = 32) -> Tensor:
    coarse = torch.rand(count, 3, 6, 6, generator=draws(3)) * 0.6 + 0.2
    return torch.nn.functional.interpolate(coarse, size=side, mode="bicubic").clamp(0, 1)


def moved(images: Tensor) -> Tensor:
    """The same pictures with another patch, within the first 16 rows and columns."""
    out = images.clone()
    out[:, :, 4:12, 4:12] = 1 - out[:, :, 4:12, 4:12]
    return out


def test_both_pictures_of_a_pair_change_alike() -> None:
    pair = torch.stack([moved(pictures()), pictures()], 1)
    out = recolour(pair, 1.0, draws())
    assert out.shape == pair.shape
    assert out.min() >= 0
    assert out.max() <= 1
    assert ((out - pair).abs().mean(dim=(1, 2, 3, 4)) > 0.005).all()
    same = recolour(pair[:, 1:].expand(-1, 2, -1, -1, -1).contiguous(), 1.0, draws())
    torch.testing.assert_close(same[:, 0], same[:, 1])  # what did not differ does not now
    assert torch.equal(recolour(pair, 0.0, draws()), pair)
    some = recolour(pictures(60)[:, None], 0.5, draws())
    touched = (some != pictures(60)[:, None]).flatten(1).any(1)
    assert 15 < int(touched.sum()) < 45


def test_draws_repeat_by_their_generator() -> None:
    pair = torch.stack([moved(pictures()), pictures()], 1)
    for change in (recolour, move_slightly):
        assert torch.equal(change(pair, 0.7, draws(1)), change(pair, 0.7, draws(1)))
        assert not torch.equal(change(pair, 0.7, draws(1)), change(pair, 0.7, draws(2)))


def test_moving_slightly_moves_by_pixels() -> None:
    ramp = (torch.arange(256.0) / 255).expand(1, 1, 3, 256, 256)
    shifts = []
    for seed in range(40):
        out = move_slightly(ramp, 1.0, draws(seed), pixels=4.0)
        shifts.append(float((out - ramp)[0, 0, 0, 128, 128]) * 255)
    assert 2 < torch.tensor(shifts).std() < 7
    assert torch.equal(move_slightly(ramp, 0.0, draws()), ramp)


def test_still_patches_and_weights_follow_the_truth() -> None:
    rest = pictures()
    still = still_patches(moved(rest), rest, 16, 0.025)
    assert still.shape == (6, 2, 2)
    assert torch.equal(still, torch.tensor([[False, True], [True, True]]).expand(6, 2, 2))
    weights = moved_weights(moved(rest), rest, 15.0) * 2.5  # what a usual picture's are
    assert (weights[:, 16:] == 1).all()
    assert weights.max() <= 16
    assert weights[:, 4:12, 4:12].mean() > 5
    latents = torch.full((6, 4, 2, 2), 3.0)
    assert 0.7 < float(still_loss(latents, still)) < 0.75  # three patches of four
    assert still_loss(latents, ~still & still) == 0


def test_latents_are_held_to_nothing_or_to_the_whole_grid() -> None:
    still = torch.zeros(2, 16, 16, dtype=torch.bool)
    still[:, 8:] = True
    wide = 0.8 * torch.randn(2, 4, 16, 16, generator=draws())
    latents = torch.where(still[:, None], 0.0, wide)
    best = float(change_loss(latents, still, RUN, 0.1))
    assert best < 0.01
    assert change_loss(torch.where(still[:, None], 1.0, latents), still, RUN, 0.1) > best
    assert change_loss(0.1 * latents, still, RUN, 0.1) > best
    assert change_loss(0.1 * latents, still, RUN, 0.0) == 0
    everything = torch.ones_like(still)
    assert change_loss(torch.zeros_like(latents), everything, RUN, 0.1) == 0


def test_the_decoder_gets_what_the_encoder_saw_unless_redrawn() -> None:
    rest = pictures()
    batch = Batch(moved(rest), rest, torch.full((6, 32, 32), 2.0))
    pairs = prepare(batch, RUN, 8, 0.0, draws())
    assert torch.equal(pairs.seen, pairs.target)
    assert torch.equal(pairs.seen_reference, pairs.shown)
    assert torch.equal(pairs.opened, ~pairs.still)
    assert torch.equal(pairs.weights, 2 * moved_weights(batch.images, rest, RUN.moved_weight))
    again = prepare(batch, RUN, 8, 0.0, draws())
    assert torch.equal(pairs.seen, again.seen)

    redrawn = prepare(batch, replace(RUN, redrawn=1.0), 8, 0.0, draws())
    apart = (redrawn.seen - redrawn.target).abs().mean(dim=(1, 2, 3))
    assert (apart > 0.005).all()
    off = prepare(batch, replace(RUN, misaligned=1.0, recoloured=0.0), 8, 0.0, draws())
    assert torch.equal(off.shown, rest)
    assert not torch.equal(off.seen_reference, rest)


@pytest.mark.parametrize("progress", [0.0, 1.0])
def test_without_a_reference_everything_is_new(progress: float) -> None:
    rest = pictures()
    batch = Batch(moved(rest), rest, None)
    pairs = prepare(batch, replace(RUN, without=1.0, redrawn=0.5), 8, progress, draws())
    assert (pairs.shown == 0.5).all()
    assert (pairs.seen_reference == 0.5).all()
    assert torch.equal(pairs.target, pairs.seen)
    assert pairs.opened.all()
    assert not pairs.still.any()


def test_late_in_the_run_the_tokens_alone_open_the_gate() -> None:
    rest = pictures()
    pairs = prepare(Batch(moved(rest), rest, None), RUN, 8, 1.0, draws())
    assert not pairs.opened.any()
    assert RUN.strict_at(0.0) == 0
    assert RUN.strict_at(0.6) == pytest.approx(0.5)
    assert RUN.strict_at(0.8) == 1


def test_a_flow_that_moves_the_reference_onto_the_picture_costs_nothing() -> None:
    rest = pictures(2, 64)
    target = rest.roll(8, 3)  # what is at x was at x - 8, half sides are 32 pixels
    weights = torch.ones(2, 64, 64)
    right = [torch.zeros(2, 2, side, side) for side in (8, 16, 32)]
    for flow in right:
        flow[:, 0] = -8 / 32
    inner = weights.clone()
    inner[..., :8] = 0  # what came round from the other side
    assert flow_loss(right, rest, target, inner) < 0.01
    none = [torch.zeros_like(flow).requires_grad_() for flow in right]
    loss = flow_loss(none, rest, target, inner)
    assert loss > 0.05
    loss.backward()
    for flow in none:
        assert flow.grad is not None
        assert flow.grad[:, 0].abs().sum() > 0
    assert flow_loss([], rest, target, weights) == 0
