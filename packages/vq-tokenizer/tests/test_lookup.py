"""Codes by index and their two gradients: the reference, the operator and the kernel."""

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from vq_tokenizer import VectorQuantizer, VQTokenizerError
from vq_tokenizer.ops import lookup, lookup_with_error, rotation_backward_reference
from vq_tokenizer.ops._lookup import GRADIENTS
from vq_tokenizer.ops._lookup_reference import lookup_backward_reference, lookup_reference
from vq_tokenizer.ops._lookup_triton import lookup_backward_triton, lookup_triton


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


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


LAST = {torch.float32: 2.0**-20, torch.bfloat16: 2.0**-7}
# a unit in the last place of bf16: the interpreter cuts where a GPU rounds


@pytest.mark.parametrize(("n", "d"), [(1, 1), (9, 3), (41, 32), (341, 20)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_kernel(n: int, d: int, dtype: torch.dtype) -> None:
    z, codes = normal(n, d).to(dtype), normal(7, d, seed=1)
    index = torch.arange(n) % 7
    chosen, error = lookup_triton(z, codes, index)
    expected, gap = lookup_reference(z, codes, index)
    assert chosen.dtype == dtype
    assert error.dtype == torch.float32
    assert ((chosen - expected).abs() <= LAST[dtype] * expected.abs()).all()
    exact = (z.double() - chosen.double()).square().sum(1)
    torch.testing.assert_close(error.double(), exact, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gap, error, rtol=0.1, atol=0.1 if dtype == torch.bfloat16 else 1e-5)


@pytest.mark.parametrize(("n", "d"), [(1, 1), (9, 3), (41, 32), (341, 20)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("which", ["codes", "error", "both", "neither"])
def test_backward_kernel(n: int, d: int, dtype: torch.dtype, gradient: str, which: str) -> None:
    grad, z, q = (normal(n, d, seed=i).to(dtype) for i in range(3))
    q[0] = z[0]  # nothing to turn
    of_codes = grad if which in ("codes", "both") else None
    of_error = normal(1, seed=4).expand(n) if which in ("error", "both") else None
    exact = lookup_backward_reference(
        None if of_codes is None else of_codes.double(), of_error, z.double(), q.double(), gradient
    )
    found = lookup_backward_triton(of_codes, of_error, z, q, gradient)
    assert found.dtype == dtype
    bound = LAST[dtype] * (exact.abs() + grad.abs().max() + 1)
    assert ((found.double() - exact).abs() <= bound).all()


def test_errors_name_the_shapes() -> None:
    z, codes = normal(5, 4), normal(3, 4)
    index = torch.zeros(5, dtype=torch.int64)
    with pytest.raises(VQTokenizerError, match=r"\(5, 4\) and \(3, 2\)"):
        lookup(z, codes[:, :2], index)
    with pytest.raises(VQTokenizerError, match=r"indices must be \(5,\) int64"):
        lookup(z, codes, index[:2])
    with pytest.raises(VQTokenizerError, match="'gumbel'"):
        lookup(z, codes, index, gradient="gumbel")


def test_second_derivatives_by_finite_differences() -> None:
    """Of the loss as a penalty on gradients takes them; the turn of the rotation is constant."""
    z, codes = normal(6, 4).double().requires_grad_(), normal(3, 4, seed=1).double()
    index, weight = torch.arange(6) % 3, normal(6, seed=2).double()

    def slope(v: Tensor) -> Tensor:
        error = lookup_with_error(v, codes, index)[1]
        return torch.autograd.grad((error * weight).sum(), v, create_graph=True)[0]

    assert gradcheck(slope, (z,))
    grad = normal(6, 4, seed=3).double().requires_grad_()

    def turned(g: Tensor) -> Tensor:
        found = lookup(z, codes, index, gradient="rotation")
        return torch.autograd.grad(found, z, g, create_graph=True)[0]

    assert gradcheck(turned, (grad,))


def test_torch_func_sees_through_it() -> None:
    vq, z = VectorQuantizer(5, 4, gradient="rotation").eval(), normal(10, 4)
    found = torch.func.grad(lambda v: vq(v).loss + vq(v).codes.sum())(z)
    v = z.clone().requires_grad_()
    (expected,) = torch.autograd.grad(vq(v).loss + vq(v).codes.sum(), v)
    torch.testing.assert_close(found, expected)
