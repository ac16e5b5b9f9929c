"""The compiled kernels on a CUDA device: `pytest -m gpu`, without TRITON_INTERPRET."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import torch
from vq_tokenizer import VectorQuantizer
from vq_tokenizer.ops import code_stats, nearest_code, nearest_code_reference

def normal(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))

for n in (1, 9, 341, 4231):
    for k in (1, 7, 256, 8192):
        for d in (1, 3, 8, 64, 256, 600):
            x, codes = normal(n, d), normal(k, d)
            expected = nearest_code_reference(x.double(), codes.double(), chunk=512)
            for options in ({}, {"precision": "bf16", "certify": True}):
                found = nearest_code(x.cuda(), codes.cuda(), **options).cpu()
                share = 0.8 if d == 1 and k > 1000 else 0.99
                agreed = (found == expected).double().mean()
                assert n < 100 or agreed >= share, (n, k, d, options)
x, index = normal(5000, 20).cuda(), torch.arange(5000).cuda() % 37
first = code_stats(x, index, 37)
assert all(torch.equal(first[1], code_stats(x, index, 37)[1]) for _ in range(10))
expected = code_stats(x.cpu().double(), index.cpu(), 37)
torch.testing.assert_close(first[1].cpu().double(), expected[1], rtol=1e-5, atol=1e-4)
gpu, cpu = VectorQuantizer(64, 8, dead_share=0.0).cuda(), VectorQuantizer(64, 8, dead_share=0.0)
for step in range(5):
    z = normal(1000, 8) + step
    gpu(z.cuda()), cpu(z)
torch.testing.assert_close(gpu.codes.cpu(), cpu.codes, rtol=1e-4, atol=1e-4)
z = z.cuda()
torch.cuda.set_sync_debug_mode("error")  # a step that started waits for nothing
gpu(z)
"""


@pytest.mark.gpu
def test_on_a_cuda_device() -> None:
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
