"""Frozen, deferred, repeated by checkpointing, sharded by FSDP2, half precision, built on meta."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from vq_tokenizer import FSQ, LFQ, ResidualQuantizer, SimVQ, VectorQuantizer, deferred, frozen
from vq_tokenizer.quantizers.base import Quantizer

MAKE: dict[str, Callable[[], Quantizer]] = {
    "ema": lambda: VectorQuantizer(32, 8, decay=0.5, dead_share=0.3, warm_decay=True),
    "projected": lambda: VectorQuantizer(32, 8, decay=0.5, code_dim=4),
    "gradient": lambda: VectorQuantizer(
        32, 8, learn="gradient", decay=0.5, dead_share=0.3, metric="cosine", entropy=0.1
    ),
    "sampled": lambda: VectorQuantizer(32, 8, decay=0.5, sample_temperature=1.0),
    "residual": lambda: ResidualQuantizer(16, 8, num_quantizers=3, decay=0.5, dropout=0.5),
    "shared": lambda: ResidualQuantizer(16, 8, num_quantizers=3, decay=0.5, shared=True),
    "simvq": lambda: SimVQ(16, 8),
    "fsq": lambda: FSQ((4, 3, 3, 2, 2, 2, 2, 2)),
    "lfq": lambda: LFQ(8),
}
every = pytest.mark.parametrize("name", MAKE)


def made(name: str) -> Quantizer:
    torch.manual_seed(0)
    return MAKE[name]()


def batches(count: int, n: int = 200) -> list[torch.Tensor]:
    g = torch.Generator().manual_seed(1)
    return [torch.randn(n, 8, generator=g) for _ in range(count)]


@every
@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing_changes_nothing(name: str, reentrant: bool) -> None:
    """The repeated pass sees the codes of the first and moves nothing: same gradients and state."""

    def run(use: bool) -> dict[str, torch.Tensor]:
        quantizer, layer = made(name), nn.Linear(8, 8)
        with torch.no_grad():
            layer.weight.copy_(torch.eye(8))

        def step(z: torch.Tensor) -> torch.Tensor:
            out = quantizer(layer(z))
            return out.codes.square().sum() + out.loss

        for z in batches(3):
            z.requires_grad_()
            value = checkpoint(step, z, use_reentrant=reentrant) if use else step(z)
            value.backward()
        found = dict(quantizer.state_dict())
        for key, parameter in (*layer.named_parameters(), *quantizer.named_parameters()):
            if parameter.grad is not None:
                found[f"gradient of {key}"] = parameter.grad
        return found

    plain, repeated = run(False), run(True)
    assert plain.keys() == repeated.keys()
    for key, tensor in plain.items():
        torch.testing.assert_close(repeated[key], tensor, msg=lambda t, key=key: f"{key}: {t}")


@every
def test_frozen_moves_nothing_and_gives_the_same(name: str) -> None:
    quantizer, other = made(name), made(name)
    model = nn.ModuleDict({"quantizer": quantizer})
    first, second = batches(2)
    quantizer(first), other(first)
    before = {k: v.clone() for k, v in quantizer.state_dict().items()}
    with frozen(model):
        held = quantizer(second)
    for key, tensor in quantizer.state_dict().items():
        assert torch.equal(before[key], tensor), key
    for found, expected in zip(held, other(second), strict=True):
        torch.testing.assert_close(found, expected)
    with quantizer.frozen(), quantizer.frozen():
        pass
    quantizer(second)
    for key, tensor in other.state_dict().items():
        assert torch.equal(quantizer.state_dict()[key], tensor), key


@pytest.mark.parametrize("name", ["ema", "projected", "gradient", "shared", "simvq", "fsq", "lfq"])
def test_deferred_parts_are_one_batch(name: str) -> None:
    parts, whole = made(name), made(name)
    start = batches(1)[0]
    parts(start), whole(start)
    for z in batches(4)[1:]:
        with deferred(parts):
            for part in (z[:90], z[90:91], z[91:]):
                parts(part)
        whole(z)
        for key, tensor in whole.state_dict().items():
            torch.testing.assert_close(
                parts.state_dict()[key], tensor, msg=lambda t, key=key: f"{key}: {t}"
            )


def test_deferred_left_by_an_error_moves_nothing() -> None:
    vq, (first, second) = VectorQuantizer(16, 8), batches(2)
    vq(first)
    before = vq.codes.clone()

    def fail() -> None:
        with vq.deferred():
            vq(second)
            raise KeyError("stopped")

    with pytest.raises(KeyError, match="stopped"):
        fail()
    assert torch.equal(vq.codes, before)
    with vq.deferred():
        pass
    assert torch.equal(vq.codes, before)


@every
def test_half_precision_modules_keep_their_averages(name: str) -> None:
    half, whole = made(name).bfloat16(), made(name)
    for z in batches(3):
        out = half(z.bfloat16())
        whole(z.bfloat16().float())
        assert out.codes.dtype == torch.bfloat16
        assert out.loss.isfinite()
    half.eval()(z.bfloat16())
    for key, buffer in half.named_buffers():
        assert not buffer.is_floating_point() or buffer.dtype == torch.float32, key


def test_half_precision_counts_as_float32_does() -> None:
    whole, half = FSQ((2,)), FSQ((2,)).bfloat16()
    x = torch.ones(100_000, 1)
    whole(x), half(x.bfloat16())
    assert torch.equal(whole.counts, half.counts)
    assert made("ema").double()(torch.randn(9, 8)).codes.dtype == torch.float32


@every
def test_built_on_meta_and_loaded_it_is_whole(name: str) -> None:
    source = made(name)
    source(batches(1)[0])
    z = torch.randn(10, 8)
    for assign in (False, True):
        with torch.device("meta"):
            built = made(name)
        assert built(z.to("meta")).codes.shape == z.shape
        if not assign:
            built = built.to_empty(device="cpu")
        built.load_state_dict(source.state_dict(), assign=assign)
        assert torch.equal(built.eval().search(z), source.eval().search(z))
        torch.testing.assert_close(built.lookup(built.search(z)), source.lookup(source.search(z)))


@every
def test_built_on_meta_it_starts_as_from_the_constructor(name: str) -> None:
    with torch.device("meta"):
        built = made(name)
    built = built.to_empty(device="cpu")
    torch.manual_seed(0)
    built.reset_parameters()
    for key, tensor in made(name).state_dict().items():
        assert torch.equal(built.state_dict()[key], tensor), key


FSDP = """
import sys
import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from vq_tokenizer import VectorQuantizer

torch.set_num_threads(1)
dist.init_process_group("gloo")
rank, half = dist.get_rank(), sys.argv[1] == "half"
mesh = init_device_mesh("cpu", (2,))

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.encoder = torch.nn.Linear(8, 8)
        self.vq = VectorQuantizer(64, 8, learn="gradient", decay=0.5, dead_share=0.3)

    def forward(self, x):
        return self.vq(self.encoder(x))

def train(model, parts, whole):
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    losses = []
    for step in range(6):
        x = torch.randn(256, 8, generator=torch.Generator().manual_seed(step)) + 5
        if step > 2:
            x = x * torch.tensor([3.0, 3, 0, 0, 0, 0, 0, 0])  # most codes die
        out = model(x if whole else x[rank::2])
        loss = out.codes.float().square().mean() + out.loss
        optimizer.zero_grad()
        loss.backward()
        if whole is False and parts is None:
            for p in model.parameters():
                dist.all_reduce(p.grad)
                p.grad /= 2
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses

plain = Model()
begun = plain.vq.codes.detach().clone()
train(plain, None, False)
model = Model()
policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16) if half else MixedPrecisionPolicy()
fully_shard(model, mesh=mesh, mp_policy=policy)
train(model, "sharded", False)
found = model.vq.codes.full_tensor()
assert float((found - begun).abs().max()) > 1, "the start was lost"
error = float((found - plain.vq.codes).abs().max())
assert half or error < 1e-4, error
counts = float((model.vq.counts - plain.vq.counts).abs().max())
assert half or counts < 1e-3, counts
assert bool(model.vq.started)
"""


@pytest.mark.parametrize("precision", ["whole", "half"])
def test_fsdp2_keeps_the_start_and_the_revivals(precision: str, gloo: Any) -> None:
    """fully_shard on two processes ends with the codes that plain averaged gradients give."""
    gloo.finish(gloo.launch(FSDP, 2, precision))
