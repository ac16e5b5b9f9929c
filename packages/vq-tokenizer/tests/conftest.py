"""Kernels run in the interpreter here; one thread, for two spin slowly on a busy machine.

Both must be chosen before the first import.
"""

import os

os.environ["TRITON_INTERPRET"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")

import socket
import subprocess
import sys

import pytest
from hypothesis import settings

# A slow machine is no fault of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# Torch's own threads are at times still alive when the interpreter takes the process group down,
# and abort a process that has done all its work: it leaves without that, once all have come here.
ENDING = """
import os
import torch.distributed as dist
if dist.is_initialized():
    dist.barrier()
sys.stdout.flush()
sys.stderr.flush()
os._exit(0)
"""


class Gloo:
    """Runs a script as several processes over gloo, as torchrun would."""

    def launch(self, script: str, world: int, *arguments: str) -> list[subprocess.Popen[str]]:
        """Start the processes. The script imports sys and starts its process group."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(world)}
        return [
            subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", script + ENDING, *arguments],
                env=os.environ | common | {"RANK": str(i), "LOCAL_RANK": str(i)},
                stderr=subprocess.PIPE,
                text=True,
            )
            for i in range(world)
        ]

    def finish(self, processes: list[subprocess.Popen[str]]) -> list[str]:
        """Wait for all of them, none of which may fail; what each said."""
        said = [process.communicate()[1] for process in processes]
        assert [process.returncode for process in processes] == [0] * len(processes), said
        return said


@pytest.fixture(scope="session")
def gloo() -> Gloo:
    """Several processes over gloo."""
    return Gloo()
