"""What torch asks of an operator: schemas, fakes, torch.compile without a break."""

import subprocess
import sys

import pytest
import torch
from torch import Tensor
from torch._dynamo.testing import CompileCounterWithBackend
from torch.library import opcheck

from vq_tokenizer import FSQ, LFQ, ResidualQuantizer, SimVQ, VectorQuantizer
from vq_tokenizer.ops import nearest_code

# Said by torch.compile on that one version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:Guards may run slower on Python 3.13.0")

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
    opcheck(OPS.sample_code.default, (z, codes, torch.tensor(0.5), torch.tensor(3), 0))
    opcheck(OPS.draw_rows.default, (z, z[:, 0].abs(), 5, torch.tensor(3), 0))
    started = torch.tensor(False)
    opcheck(OPS.start_codes.default, (*state, started, z, None, "euclidean", 0, 2))


def quantizers() -> list[torch.nn.Module]:
    torch.manual_seed(0)
    return [
        VectorQuantizer(16, 6, gradient="rotation", warm_decay=True),
        VectorQuantizer(16, 6, learn="gradient", entropy=0.1, orthogonality=0.1),
        ResidualQuantizer(16, 6, num_quantizers=2, warm_decay=True),
        ResidualQuantizer(16, 6, num_quantizers=3, shared=True, dropout=0.5, gradient="rotation"),
        SimVQ(16, 6),
        VectorQuantizer(16, 6, heads=2, entropy=0.1, sample_temperature=0.1),
        FSQ((3, 3, 2, 2, 2, 2)),
        LFQ(6),
    ]


@pytest.mark.parametrize("which", range(8))
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


def test_nearest_code_compiles() -> None:
    x, codes = normal(30, 4), normal(7, 4, seed=1)
    search = torch.compile(lambda a, b: nearest_code(a, b) + 1, fullgraph=True, backend="aot_eager")
    assert torch.equal(search(x, codes), nearest_code(x, codes) + 1)


WITHOUT_TRITON = """
import sys
sys.modules["triton"] = None  # as where it is not installed
import torch
from vq_tokenizer import Tokenizer, TokenizerConfig, VectorQuantizer
from vq_tokenizer.ops import nearest_code

x, codes = torch.randn(100, 8), torch.randn(32, 8)
assert (nearest_code(x, codes) == torch.cdist(x, codes).argmin(1)).float().mean() > 0.95
assert nearest_code(x.double(), codes.double()).shape == (100,)
VectorQuantizer(16, 8)(x.requires_grad_()).loss.backward()
Tokenizer(TokenizerConfig.preset("tiny"))(torch.rand(2, 3, 32, 32))
"""


def test_everything_runs_where_triton_is_not_installed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TRITON], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
