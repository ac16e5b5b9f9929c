"""Two processes over gloo: one codebook, that of one process with the whole batch."""

from pathlib import Path
from typing import Any

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
from vq_tokenizer import LFQ, VectorQuantizer
from vq_tokenizer.training.run import TokenizerRun
from vq_tokenizer.training.train import train_tokenizer

torch.set_num_threads(1)
out, folder, resume = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "resume"
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
run = TokenizerRun(
    steps=12, batch=4, size=32, warmup=2, adversarial=0.1, adversarial_start=0.1, model="tiny",
    checkpoint_minutes=0,
)
model = train_tokenizer(
    out / "pictures", out / folder, run=run, resume=resume,
    tell=lambda line: print(line, file=sys.stderr, flush=True),
)
tensors |= {f"model.{k}": t.contiguous() for k, t in model.state_dict().items()}
save_file(tensors, out / f"{folder}{rank}.safetensors")
"""


@pytest.fixture(scope="module")
def out(gloo: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with six pictures and what two processes made of them, undisturbed."""
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "pictures").mkdir()
    rng = np.random.default_rng(0)
    for i in range(6):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "pictures" / f"{i}.png")
    said = gloo.finish(gloo.launch(SCRIPT, 2, str(folder), "whole", ""))
    assert "saved in" in said[0]
    assert "saved in" not in said[1]
    return folder


@pytest.fixture(scope="module")
def ranks(out: Path) -> list[dict[str, torch.Tensor]]:
    """What each of the two ended with."""
    return [load_file(out / f"whole{i}.safetensors") for i in range(2)]


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


def test_two_killed_and_resumed_to_the_same_bits(gloo: Any, out: Path) -> None:
    processes = gloo.launch(SCRIPT, 2, str(out), "cut", "")
    assert processes[0].stderr is not None
    for line in processes[0].stderr:
        if "saved in" in line:
            break
    for process in processes:
        process.kill()  # in whatever step they have come to
    for process in processes:
        process.communicate()
    assert "resumed at step" in gloo.finish(gloo.launch(SCRIPT, 2, str(out), "cut", "resume"))[0]
    whole = load_file(out / "whole" / "training.safetensors")
    cut = load_file(out / "cut" / "training.safetensors")
    assert whole.keys() == cut.keys()
    for name, tensor in whole.items():
        assert torch.equal(tensor, cut[name]), name
