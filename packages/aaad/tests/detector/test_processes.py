"""Two processes over gloo: one network, that of one process with the whole batch."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from aaad import AAADError
from aaad.learning import processes
from aaad.learning.loop import batch_rows
from aaad.learning.run import TrainingRun

SCRIPT = """
import sys
import torch
import torch.nn as nn
from safetensors.torch import save_file
from aaad.learning.loop import batch_rows, generator_of
from aaad.learning.processes import average, first_says, rank, together
from aaad.learning.run import TrainingRun

run = TrainingRun(batch=8, steps=3)

@together
def train(*, device="cpu"):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4).eval(), nn.Linear(4, 1))
    net.add_module("unused", nn.Linear(2, 2))
    x = torch.randn(20, 3, generator=torch.Generator().manual_seed(1))
    rows = batch_rows(20, run, 2)
    net[1].running_mean += rank() + 1  # as if each had seen something else
    loss = net[2](net[0](x[rows])).square().mean()
    loss.backward()
    mean = average(net, loss)
    chance = torch.rand(1, generator=generator_of(run, 2, torch.device("cpu")))
    tensors = {k: p.grad for k, p in net.named_parameters() if p.grad is not None}
    return tensors | {
        "loss": mean.view(1), "mean": net[1].running_mean, "chance": chance,
        "rows": torch.from_numpy(rows), "first": torch.tensor([first_says(float(rank() + 5))]),
    }

save_file({k: t.contiguous() for k, t in train().items()}, sys.argv[1])
"""


def run(out, world):
    """What each of so many processes ends with."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(world)}
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SCRIPT, str(out / f"{world}.{rank}")],
            env=os.environ | group | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(world)
    ]
    assert [process.wait() for process in started] == [0] * world
    return [load_file(out / f"{world}.{rank}") for rank in range(world)]


def test_two_processes_step_as_one_with_the_whole_batch(tmp_path):
    (one,), (first, second) = run(tmp_path, 1), run(tmp_path, 2)
    assert sorted([*first["rows"], *second["rows"]]) == sorted(one["rows"])
    assert first["chance"] == one["chance"]
    assert first["chance"] != second["chance"]  # each draws its own
    assert first["first"] == second["first"] == one["first"]
    assert torch.allclose(first["mean"], torch.full((4,), 1.5))
    assert torch.equal(first["mean"], second["mean"])
    for name in set(one) - {"rows", "chance", "mean"}:
        assert torch.allclose(first[name], one[name], atol=1e-6), name
        assert torch.equal(first[name], second[name]), name
    assert not first["unused.weight"].any()


def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch):
    monkeypatch.setattr(processes, "processes", lambda: 3)
    monkeypatch.setattr(processes, "rank", lambda: 1)
    assert batch_rows(20, TrainingRun(batch=6), 0).shape == (2,)
    with pytest.raises(AAADError, match="batch=8 cannot be shared by 3 processes; use a multiple"):
        batch_rows(20, TrainingRun(batch=8), 0)
