"""Training by two processes over gloo, as torchrun starts them."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import read_folder
from auface_gen.generator.processes import part_of
from auface_gen.generator.run import GeneratorRun
from auface_gen.generator.train import train_generator

SCRIPT = """
import sys
from auface_gen.generator.run import GeneratorRun
from auface_gen.generator.train import train_generator
run = GeneratorRun(**eval(sys.argv[4]))
train_generator(sys.argv[1], sys.argv[2], tokenizer=sys.argv[3], run=run, tokens=sys.argv[5])
"""
RUN = {
    "steps": 2, "log_every": 1, "batch": 4, "align": 0.0, "width": 16, "layers": 1,
    "text_width": 16, "text_layers": 1, "vocabulary": 10, "warmup": 0, "text_drop": 0.0,
    "reach_drop": 0.0,
    "corrupt": 0.0, "word_drop": 0.0, "all_masked": 1.0, "anatomy": 0.0, "moved_weight": 1.0,
}  # fmt: skip


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def test_two_processes_train_what_one_does(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    """With everything hidden and every token weighing the same, the gradient of a batch is the mean
    of those of its halves.
    """
    shutil.rmtree(corpus / "valid")  # nothing is measured, which would take most of the time
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": "2"}
    places = [str(p) for p in (corpus, tmp_path / "two", reference_tokenizer)]
    together = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *places, repr(RUN), str(tmp_path / "tokens")],
            env=os.environ | common | {"RANK": str(i), "LOCAL_RANK": str(i)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for i in range(2)
    ]  # fmt: skip
    said = [process.communicate() for process in together]
    assert [process.returncode for process in together] == [0, 0], said
    assert "step 2" in said[0][0]
    assert said[1][0] == ""  # the first one speaks for all

    for accumulate in (1, 2):
        out = tmp_path / f"one{accumulate}"
        train_generator(
            corpus, out, tokenizer=reference_tokenizer, tokens=tmp_path / "tokens",
            run=GeneratorRun(**RUN, accumulate=accumulate), tell=lambda line: None,
        )  # fmt: skip
        one, two = read_folder(out)[1], read_folder(tmp_path / "two")[1]
        assert one.keys() == two.keys()
        for name, tensor in one.items():
            torch.testing.assert_close(tensor, two[name], atol=2e-4, rtol=1e-3, msg=name)


def test_a_batch_that_cannot_be_cut_is_refused() -> None:
    assert part_of(list(range(6)), 1, 3) == [1, 4]
    with pytest.raises(AUFaceGenError, match="use a multiple"):
        part_of(list(range(6)), 0, 4)
