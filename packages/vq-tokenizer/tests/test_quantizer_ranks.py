"""Two and three processes over gloo end with one codebook: that of one process with all vectors."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

SCRIPT = """
import sys
from pathlib import Path
import torch
import torch.distributed as dist
from safetensors.torch import save_file
from vq_tokenizer import LFQ, SimVQ, ResidualQuantizer, VectorQuantizer, deferred

torch.set_num_threads(1)
out, world = Path(sys.argv[1]), int(sys.argv[2])
rank = 0
if world > 1:
    dist.init_process_group("gloo")
    rank = dist.get_rank()
union = len(sys.argv) > 3  # one process with what that many would have
ranks = range(int(sys.argv[3])) if union else (rank,)

def batch(step, rank):
    # what a process gets: sizes differ, one is empty, one has nothing but padding
    n = (100, 37, 8)[rank]
    if step == 3 and rank == 1:
        n = 0
    z = torch.randn(n, 6, generator=torch.Generator().manual_seed(10 * step + rank))
    mask = torch.arange(n) < (n, 20, 5)[rank]
    if step in (0, 4) and rank == 1:
        mask[:] = False
    z[~mask] = float("nan")
    return z, mask

def parts(step):
    made = [batch(step, r) for r in ranks]
    return torch.cat([m[0] for m in made]), torch.cat([m[1] for m in made])

torch.manual_seed(0)
models = {
    "kmeans": VectorQuantizer(16, 6, decay=0.5, dead_share=0.0),
    "dead": VectorQuantizer(32, 6, decay=0.5, dead_share=0.3, kmeans_iters=0),
    "all": VectorQuantizer(24, 6, decay=0.8, dead_share=0.3, metric="cosine", kmeans_iters=3),
    "residual": ResidualQuantizer(8, 6, num_quantizers=2, shared=True, decay=0.7),
    "gradient": VectorQuantizer(16, 6, learn="gradient", decay=0.5, dead_share=0.1),
    "lfq": LFQ(6, entropy=0.5),
    "simvq": SimVQ(16, 6),
}
weights = torch.nn.Parameter(torch.eye(6))
optimizer = torch.optim.SGD([p for m in models.values() for p in m.parameters()] + [weights], 0.1)
for step in range(8):
    z, mask = parts(step)
    optimizer.zero_grad()
    loss = sum(m(torch.where(mask[:, None], z, 0.0) @ weights, mask).loss for m in models.values())
    loss.backward()
    for p in [p for group in optimizer.param_groups for p in group["params"]]:
        if world > 1:  # as DDP does
            dist.all_reduce(p.grad)
            p.grad /= world
    optimizer.step()
later = VectorQuantizer(32, 6, decay=0.5, dead_share=0.3)
for step in range(0, 8, 2):
    with deferred(later):
        for part in (step, step + 1):
            later(*parts(part))
state = {f"{k}.{n}": t for k, m in (models | {"later": later}).items()
         for n, t in m.state_dict().items()}
state["encoder"] = weights.detach()
save_file({k: t.contiguous().clone() for k, t in state.items()}, out / f"{rank}.safetensors")
"""


def run(gloo: Any, out: Path, world: int, *union: str) -> list[dict[str, torch.Tensor]]:
    """What each process ends with."""
    out.mkdir()
    gloo.finish(gloo.launch(SCRIPT, world, str(out), str(world), *union))
    return [load_file(out / f"{i}.safetensors") for i in range(world)]


@pytest.mark.parametrize("world", [2, 3])
def test_every_process_has_the_codebook_of_one_with_all_vectors(
    world: int, gloo: Any, tmp_path: Path
) -> None:
    ranks = run(gloo, tmp_path / "ranks", world)
    (one,) = run(gloo, tmp_path / "one", 1, str(world))
    for other in ranks[1:]:
        for name, tensor in ranks[0].items():
            assert torch.equal(tensor, other[name]), name
    for name, tensor in one.items():
        torch.testing.assert_close(
            ranks[0][name],
            tensor,
            rtol=1e-4,
            atol=1e-5,
            msg=lambda text, name=name: f"{name}: {text}",
        )
    assert one["dead.codes"].isfinite().all()
    assert one["dead.step"] == 8
