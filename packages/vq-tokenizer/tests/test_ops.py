"""Operators: gradients, registration, compilation, and errors."""

import pytest
import torch
from torch import Tensor
from torch._dynamo.testing import CompileCounterWithBackend
from torch.autograd import gradcheck
from torch.library import opcheck

from vq_tokenizer import FSQ, LFQ, ResidualQuantizer, VectorQuantizer, VQTokenizerError
from vq_tokenizer.ops import (
    code_stats,
    draw_rows,
    ema_update,
    lookup,
    lookup_with_error,
    nearest_code,
    rotation_backward_reference,
)
from vq_tokenizer.ops._code_stats import code_stats_reference

OPS = torch.ops.vq_tokenizer


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_opcheck_of_every_operator() -> None:
    z, codes, index = normal(20, 6), normal(9, 6, seed=1), torch.arange(20) % 9
    state = [codes.clone(), torch.ones(9), codes.clone()]
    new = [torch.ones(9), codes.clone(), z[:4].clone(), torch.tensor(0.1)]
    opcheck(OPS.nearest_code.default, (z, codes, "euclidean", "exact", False))
    for gradient in ("straight-through", "rotation"):
        opcheck(OPS.lookup.default, (z.clone().requires_grad_(), codes, index, gradient))
        opcheck(OPS.lookup_backward.default, (z, z[:, 0], z + 1, z + 2, gradient))
    opcheck(OPS.code_stats.default, (z, index, 9))
    opcheck(OPS.ema_update.default, (*state, *new, 0.05))
    opcheck(OPS.draw_rows.default, (z[:, 0].abs(), 5, torch.tensor(3), 0))
    started = torch.tensor(False)
    opcheck(OPS.start_codes.default, (*state, started, z, None, "euclidean", 0, 2))


def test_rotation_is_a_rotation_and_its_gradient_the_transpose() -> None:
    z, q = normal(50, 7).double(), normal(50, 7, seed=1).double()

    def turn(v: Tensor) -> Tensor:
        """(|q| / |z|) R v with z and q constant, from the definition."""
        length, target = z.norm(dim=1, keepdim=True), q.norm(dim=1, keepdim=True)
        e, f = z / length, q / target
        r = torch.nn.functional.normalize(e + f, dim=1)
        turned = v - 2 * r * (r * v).sum(1, keepdim=True) + 2 * f * (e * v).sum(1, keepdim=True)
        return turned * target / length

    torch.testing.assert_close(turn(z), q)
    v = z.clone().requires_grad_()
    grad = normal(50, 7, seed=2).double()
    (expected,) = torch.autograd.grad(turn(v), v, grad)
    torch.testing.assert_close(rotation_backward_reference(grad, z, q), expected)


def test_gradients_by_finite_differences() -> None:
    """Straight-through and rotation are the gradients of these functions of z, by definition."""
    z, codes, index = normal(7, 5).double(), normal(4, 5, seed=1).double(), torch.arange(7) % 4
    q, weight = codes[index], normal(7, 5, seed=2).double()

    def through(v: Tensor) -> Tensor:
        return q + (v - z)

    def rotate(v: Tensor) -> Tensor:
        length, target = z.norm(dim=1, keepdim=True), q.norm(dim=1, keepdim=True)
        e, f = z / length, q / target
        r = torch.nn.functional.normalize(e + f, dim=1)
        turned = v - 2 * r * (r * v).sum(1, keepdim=True) + 2 * f * (e * v).sum(1, keepdim=True)
        return turned * target / length

    for gradient, surrogate in (("straight-through", through), ("rotation", rotate)):
        v = z.clone().requires_grad_()
        assert gradcheck(surrogate, (v,))
        (expected,) = torch.autograd.grad(surrogate(v), v, weight)
        found, error = lookup_with_error(v, codes, index, gradient=gradient)
        torch.testing.assert_close(found, surrogate(v))
        (grad,) = torch.autograd.grad(found, v, weight, retain_graph=True)
        torch.testing.assert_close(grad, expected)
        # the error has a gradient of its own, which is the true one, and both add up
        assert gradcheck(
            lambda a, g=gradient: lookup_with_error(a, codes, index, gradient=g)[1], (v,)
        )
        (own,) = torch.autograd.grad(error.sum(), v, retain_graph=True)
        (both,) = torch.autograd.grad((found * weight).sum() + error.sum(), v)
        torch.testing.assert_close(both, expected + own)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_lookup_of_half_precision(dtype: torch.dtype) -> None:
    z, codes, index = normal(20, 6).to(dtype), normal(9, 6, seed=1), torch.arange(20) % 9
    v = z.clone().requires_grad_()
    found, error = lookup_with_error(v, codes, index)
    assert found.dtype == dtype
    assert error.dtype == torch.float32
    torch.testing.assert_close(error, (z.float() - found.float()).square().sum(1))
    (grad,) = torch.autograd.grad(error.sum() + found.float().sum(), v)
    assert grad.dtype == dtype
    torch.testing.assert_close(grad, (1 + 2 * (z.float() - found.float())).to(dtype))


def test_rotation_backward_is_finite_at_zero_and_opposite() -> None:
    z = torch.zeros(2, 4)
    z[1, 0] = 1
    q = -z
    q[0, 1] = 1
    assert rotation_backward_reference(torch.ones(2, 4), z, q).isfinite().all()


def test_lookup_gives_the_code_itself() -> None:
    z, codes, index = normal(20, 6).requires_grad_(), normal(9, 6, seed=1), torch.arange(20) % 9
    for gradient in ("straight-through", "rotation"):
        out = lookup(z, codes, index, gradient=gradient)
        assert torch.equal(out, codes[index])
    (grad,) = torch.autograd.grad(lookup(z, codes, index).sum(), z)
    assert torch.equal(grad, torch.ones_like(z))


def test_backward_after_the_codebook_moved() -> None:
    vq = VectorQuantizer(9, 6, gradient="rotation")
    z = normal(40, 6).requires_grad_()
    out = vq(z)  # the update happens inside
    (grad,) = torch.autograd.grad(out.codes.sum() + out.loss, z)
    assert grad.isfinite().all()
    assert not torch.equal(grad, torch.ones_like(grad))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_code_stats(dtype: torch.dtype) -> None:
    x, index = normal(200, 5).to(dtype), torch.arange(200) % 7
    mask = torch.arange(200) % 3 > 0
    counts, sums = code_stats(x, index, 9, mask=mask)
    one_hot = torch.nn.functional.one_hot(index, 9).double() * mask[:, None]
    assert torch.equal(counts.double(), one_hot.sum(0))
    torch.testing.assert_close(sums.double(), one_hot.t() @ x.double(), rtol=1e-5, atol=1e-5)
    assert all(torch.equal(sums, code_stats(x, index, 9, mask=mask)[1]) for _ in range(10))


@pytest.mark.parametrize(("n", "k"), [(0, 5), (1, 1), (500, 7), (300, 70_000)])
def test_code_stats_adds_in_the_order_of_the_rows(n: int, k: int) -> None:
    g = torch.Generator().manual_seed(n)
    x, index = normal(n, 6) * 100, torch.randint(0, k, (n,), generator=g)
    for found, plain in zip(
        code_stats(x, index, k), code_stats_reference(x, index, k), strict=True
    ):
        assert torch.equal(found, plain)  # the same bits
    strided = code_stats(x.t().contiguous().t(), index, k)
    assert torch.equal(strided[1], code_stats(x, index, k)[1])
    x[1:3] = torch.nan
    mask = torch.ones(n, dtype=torch.bool)
    mask[1:3] = False
    assert code_stats(x, index, k, mask=mask)[1].isfinite().all()


def test_draw_rows_prefers_large_errors_and_repeats() -> None:
    error = torch.cat([torch.full((50,), 1e-6), torch.full((50,), 1.0)])
    drawn = draw_rows(error, 20, torch.tensor(3), 0)
    assert drawn.min() >= 50
    assert len(set(drawn.tolist())) == 20
    assert torch.equal(drawn, draw_rows(error, 20, torch.tensor(3), 0))
    assert not torch.equal(drawn, draw_rows(error, 20, torch.tensor(4), 0))


def test_ema_update_keeps_a_code_nothing_falls_to() -> None:
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


def quantizers() -> list[torch.nn.Module]:
    return [
        VectorQuantizer(16, 6, gradient="rotation", warm_decay=True),
        VectorQuantizer(16, 6, learn="gradient", entropy=0.1, orthogonality=0.1),
        ResidualQuantizer(16, 6, num_quantizers=2, warm_decay=True),
        FSQ((3, 3, 2, 2, 2, 2)),
        LFQ(6),
    ]


@pytest.mark.parametrize("which", range(5))
def test_compiles_whole_and_once_for_every_n(which: int) -> None:
    eager, compiled = quantizers()[which], quantizers()[which]
    torch._dynamo.reset()
    # the first through functionalisation too, the others traced only: that is most of the time
    counter = CompileCounterWithBackend("aot_eager" if which == 0 else "eager")
    step = torch.compile(compiled, fullgraph=True, backend=counter, dynamic=True)
    graphs = []
    for n in (40, 56, 33, 41):
        z = normal(n, 6, seed=n)
        a, b = z.clone().requires_grad_(), z.clone().requires_grad_()
        expected, found = eager(a), step(b)
        torch.testing.assert_close(tuple(found), tuple(expected))
        expected.codes.square().sum().add(expected.loss).backward()
        found.codes.square().sum().add(found.loss).backward()
        torch.testing.assert_close(a.grad, b.grad)
        graphs.append(counter.frame_count)
    for name, tensor in eager.state_dict().items():
        torch.testing.assert_close(tensor, compiled.state_dict()[name])
    # one compilation while the codebook starts, one after; none for another number of vectors
    assert graphs[1:] == graphs[1:2] * 3


def test_errors_name_the_shapes() -> None:
    z, codes = normal(5, 4), normal(3, 4)
    index = torch.zeros(5, dtype=torch.int64)
    with pytest.raises(VQTokenizerError, match=r"\(5, 4\) and \(3, 2\)"):
        lookup(z, codes[:, :2], index)
    with pytest.raises(VQTokenizerError, match=r"indices must be \(5,\) int64"):
        lookup(z, codes, index[:2])
    with pytest.raises(VQTokenizerError, match="'gumbel'"):
        lookup(z, codes, index, gradient="gumbel")
    with pytest.raises(VQTokenizerError, match="mask must be bool"):
        code_stats(z, index, 3, mask=index)
    with pytest.raises(VQTokenizerError, match=r"indices \(N,\)"):
        code_stats(z, index[:2], 3)


def test_nearest_code_compiles() -> None:
    x, codes = normal(30, 4), normal(7, 4, seed=1)
    search = torch.compile(lambda a, b: nearest_code(a, b) + 1, fullgraph=True, backend="aot_eager")
    assert torch.equal(search(x, codes), nearest_code(x, codes) + 1)
