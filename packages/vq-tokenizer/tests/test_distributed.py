"""Two processes over gloo: one codebook, that of one process with the whole batch."""

import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from vq_tokenizer import VectorQuantizer

SCRIPT = """
import sys
from pathlib import Path
import torch
import torch.distributed as dist
from safetensors.torch import save_file
from vq_tokenizer import LFQ, TokenizerConfig, VectorQuantizer
from vq_tokenizer.train import train_tokenizer

torch.set_num_threads(1)
out = Path(sys.argv[1])
dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
plain = VectorQuantizer(16, 6, kmeans_iters=0, dead_share=0.0)
full = VectorQuantizer(64, 6, decay=0.5, dead_share=0.3)
lfq = LFQ(6)
for step in range(8):
    z = torch.randn(80, 6, generator=torch.Generator().manual_seed(step))[rank::world]
    plain(z), full(z), lfq(z)
state = {"plain": plain.state_dict(), "full": full.state_dict(), "lfq": lfq.state_dict()}
tensors = {f"{k}.{n}": t for k, s in state.items() for n, t in s.items()}
model = train_tokenizer(
    out / "pictures", out / "run", steps=4, batch=4, size=32, warmup=2, adversarial=0.1,
    adversarial_start=0.3, model=TokenizerConfig.preset("tiny"), progress=lambda line: None,
)
tensors |= {f"model.{k}": t.contiguous() for k, t in model.state_dict().items()}
save_file(tensors, out / f"rank{rank}.safetensors")
"""


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, torch.Tensor]]:
    """What each of two processes ended with."""
    out = tmp_path_factory.mktemp("ranks")
    (out / "pictures").mkdir()
    rng = np.random.default_rng(0)
    for i in range(6):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(out / "pictures" / f"{i}.png")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(out)],
            env=os.environ | common | {"RANK": str(i), "LOCAL_RANK": str(i)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(2)
    ]
    said = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert (out / "run" / "training.safetensors").is_file()
    return [load_file(out / f"rank{i}.safetensors") for i in range(2)]


def test_all_ranks_end_the_same(ranks: list[dict[str, torch.Tensor]]) -> None:
    for name, tensor in ranks[0].items():
        assert torch.equal(tensor, ranks[1][name]), name


def test_two_processes_are_one_with_the_whole_batch(ranks: list[dict[str, torch.Tensor]]) -> None:
    vq = VectorQuantizer(16, 6, kmeans_iters=0, dead_share=0.0)
    for step in range(8):
        vq(torch.randn(80, 6, generator=torch.Generator().manual_seed(step)))
    for name, tensor in vq.state_dict().items():
        torch.testing.assert_close(ranks[0][f"plain.{name}"], tensor, rtol=1e-6, atol=1e-6)


def test_dead_codes_take_vectors_of_both_ranks(ranks: list[dict[str, torch.Tensor]]) -> None:
    codes = ranks[0]["full.codes"]
    assert codes.isfinite().all()
    assert len(codes.unique(dim=0)) == 64
