"""Moving averages and the new start of dead codes: the reference and the kernel."""

import torch
from torch import Tensor

from vq_tokenizer.ops import ema_update, ema_update_reference
from vq_tokenizer.ops._ema_update import ema_update_triton


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_keeps_a_code_nothing_falls_to() -> None:
    codes, counts = normal(3, 2), torch.zeros(3)
    before = codes.clone()
    ema_update(
        codes,
        counts,
        torch.zeros(3, 2),
        torch.tensor([4.0, 0.0, 0.0]),
        torch.full((3, 2), 8.0),
        codes[:0],
        torch.tensor(1.0),
        0.0,
    )
    assert torch.equal(codes[0], torch.tensor([2.0, 2.0]))
    assert torch.equal(codes[1:], before[1:])


def test_kernel() -> None:
    def state() -> list[Tensor]:
        return [normal(37, 5), normal(37, seed=1).abs(), normal(37, 5, seed=2)]

    new = [normal(37, seed=3).abs(), normal(37, 5, seed=4), normal(4, 5, seed=5)]
    new[0][:9] = 0
    plain, found = state(), state()
    for s in (plain, found):
        s[1][:9] = 1e-9  # dead, and more of them than fresh vectors
    ema_update_reference(*plain, *new, torch.tensor(0.1), 0.05)
    ema_update_triton(*found, *new, torch.tensor(0.1), 0.05)
    for a, b in zip(plain, found, strict=True):
        torch.testing.assert_close(a, b)
    assert torch.equal(found[0][:4], new[2])  # the first dead codes took the fresh vectors


def test_missing_vectors_revive_nothing() -> None:
    codes, counts, sums = normal(6, 2), torch.tensor([9.0, 9, 9, 0, 0, 0]), normal(6, 2, seed=1)
    before = codes.clone()
    fresh = torch.tensor([[5.0, 5.0], [torch.nan, torch.nan], [torch.nan, torch.nan]])
    new = torch.tensor([9.0, 9, 9, 0, 0, 0]), sums.clone()
    ema_update(codes, counts, sums, *new, fresh, torch.tensor(0.01), 0.05)
    assert torch.equal(codes[3], fresh[0])
    assert torch.equal(codes[4:], before[4:])


def test_few_vectors_for_many_codes_declare_none_dead_by_chance() -> None:
    """256 vectors a step for 16,384 codes, all used alike: most are met by none for long."""
    k, n = 16384, 256
    g = torch.Generator().manual_seed(0)
    codes, counts = normal(k, 2), torch.full((k,), n / k)
    sums, before = codes * counts[:, None], codes.clone()
    for _ in range(400):
        new = torch.bincount(torch.randint(0, k, (n,), generator=g), minlength=k).float()
        fresh = torch.full((n, 2), 100.0)
        ema_update(codes, counts, sums, new, before * new[:, None], fresh, torch.tensor(0.01), 0.05)
    assert ((codes - before).abs().amax(1) > 1).float().mean() < 1e-3
