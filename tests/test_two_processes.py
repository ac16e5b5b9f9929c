"""Every trainer on two processes, as torchrun starts them, of which one is killed in the middle.

The other ends with an error that says so, what lies in the folder is whole, and the run resumes to
the bits of one that was not killed.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from facs_text.corpus import CorpusWriter, make_row
from vq_tokenizer import Tokenizer, TokenizerConfig, save_checkpoint

pytestmark = pytest.mark.slow

SIZE = 32
STEPS = 6

# Imports once what all processes need, and forks two of them for each line that it reads; answers
# with how they ended. A process whose FATE is "step" is killed after the third step of its
# optimiser, one whose fate is "write" when half of the state is written for the second time. One
# that hangs is ended by its alarm.
PAIRS = """
import json, os, signal, sys
import torch
import aaad.detector.train, aaad.identity.train, aaad.landmarks.train, aaad.tears.train
import auface_gen.corpus.train_tokenizer, auface_gen.generator.train
from auface_cli.main import main

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def meet(fate):
    counts = {"step": 0, "write": 0}
    step, replace = torch.optim.AdamW.step, os.replace

    def stepped(*args, **kwargs):
        result = step(*args, **kwargs)
        counts["step"] += 1
        if fate == "step" and counts["step"] == 3:
            kill()
        return result

    def replaced(source, target):
        counts["write"] += os.path.basename(target) == "training.safetensors"
        if fate == "write" and counts["write"] == 2:
            os.truncate(source, os.path.getsize(source) // 2)
            kill()
        replace(source, target)

    torch.optim.AdamW.step, os.replace = stepped, replaced

def be(rank, job):
    signal.alarm(600)
    told = os.open(f"{job['said']}.{rank}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(told, 1)
    os.dup2(told, 2)
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank)} | job["environment"]
    meet(job["fates"][rank])
    sys.exit(main(job["arguments"]))

torch.set_num_threads(1)
for line in sys.stdin:
    job = json.loads(line)
    children = [os.fork() or be(rank, job) for rank in range(2)]
    ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(json.dumps(ended), flush=True)
"""

COMMON = ("--steps", STEPS, "--threads", 1, "--set", "log_every=1", "--set", "checkpoint_minutes=0")
SMALL = tuple(x for s in ("width=8", f"size={SIZE}", "batch=4", "workers=1") for x in ("--set", s))
WORDS = (
    "batch=4", "align=0.3", "width=16", "layers=1", "text_width=16", "text_layers=1",
    "vocabulary=10",
)  # fmt: skip
TRAINERS = {
    "tokenizer": ("--set", "model=tiny", "--set", f"size={SIZE}", "--set", "batch=4"),
    "generator": tuple(x for setting in WORDS for x in ("--set", setting)),
    "detector": (*SMALL, "--set", "hidden=16", "--set", "fold=4"),
    "identity": SMALL,
    "landmarks": SMALL,
    "tears": SMALL,
}

Train = Callable[..., tuple[list[int], list[str]]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise of three people, with landmarks, and nobody held out."""
    rng = np.random.default_rng(0)
    root = tmp_path_factory.mktemp("corpus")
    with CorpusWriter(root, source="noise", licence="free") as out:
        for person in ("a", "b", "c"):
            for i, codes in enumerate(("0", "12C", "L1D", "17E")):
                pixels = rng.integers(0, 255, (SIZE, SIZE, 3), np.uint8)
                Image.fromarray(pixels).save(out.folder("train") / f"{person}{i}.png")
                points = rng.uniform(4, SIZE - 4, (68, 2)).round(1).tolist()
                row = make_row(
                    f"{person}{i}.png", codes, subject=person, source="noise",
                    neutral=f"{person}0.png", landmarks=points,
                )  # fmt: skip
                out.add(row, "train")
    return root


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer with a reference, of random weights."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tokenizer")
    save_checkpoint(Tokenizer(TokenizerConfig.preset("tiny-reference")), folder)
    return folder


@pytest.fixture(scope="module")
def pairs() -> Iterator[subprocess.Popen[str]]:
    """Makes two processes for each line that it is told."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PAIRS],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        yield server


@pytest.fixture
def train(pairs: subprocess.Popen[str], corpus: Path, tokenizer: Path, tmp_path: Path) -> Train:
    """train(what, out, *arguments, fates=...): how two processes of `auface train` have ended, and
    what they said."""

    def run(
        what: str, out: Path, *arguments: object, fates: tuple[str, str] = ("", "")
    ) -> tuple[list[int], list[str]]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        if what == "generator":
            arguments = ("--tokenizer", tokenizer, "--tokens", tmp_path / "tokens", *arguments)
        words = ("train", what, corpus, "--out", out, *COMMON, *TRAINERS[what], *arguments)
        group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
        job = {
            "arguments": [str(word) for word in words],
            "environment": group,
            "fates": fates,
            "said": str(tmp_path / "said"),
        }
        assert pairs.stdin is not None
        assert pairs.stdout is not None
        print(json.dumps(job), file=pairs.stdin, flush=True)
        ended = json.loads(pairs.stdout.readline())
        return ended, [(tmp_path / f"said.{rank}").read_text() for rank in range(2)]

    return run


def all_is_whole(folder: Path) -> None:
    """Whatever lies in a folder under a name of its own can be read."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".safetensors":
            load_file(path)
        elif path.suffix in (".json", ".jsonl"):
            text = path.read_text()
            for part in text.splitlines() if path.suffix == ".jsonl" else [text]:
                json.loads(part)
        elif path.suffix == ".png":
            with Image.open(path) as picture:
                picture.load()
        else:
            assert path.is_dir() or path.suffix == ".part", path


@pytest.mark.parametrize("what", TRAINERS)
def test_a_killed_process_ends_the_run_with_a_word_and_it_resumes_to_the_same_bits(
    what: str, train: Train, tmp_path: Path
) -> None:
    ended, said = train(what, tmp_path / "whole")
    assert ended == [0, 0], said
    assert f"step {STEPS}" in said[0]
    assert said[1] == ""  # the first speaks for all
    assert not list((tmp_path / "whole").rglob(".*"))

    for victim, fate in ((1, "step"), (0, "step"), (0, "write")):
        out = tmp_path / f"{fate}{victim}"
        fates = tuple(fate if rank == victim else "" for rank in range(2))
        ended, said = train(what, out, fates=fates)
        assert ended == [-9 if rank == victim else 1 for rank in range(2)], said
        assert "another of the 2 processes has ended" in said[1 - victim].splitlines()[-1]
        assert f"step {STEPS}" not in said[0]
        all_is_whole(out)

        ended, said = train(what, out, "--resume")
        assert ended == [0, 0], said
        all_is_whole(out)
        assert not list(out.rglob(".*"))  # what the killed one left half-written is gone
        for name in ("training.safetensors", "model.safetensors"):
            one, two = load_file(tmp_path / "whole" / name), load_file(out / name)
            assert one.keys() == two.keys()
            assert [key for key in one if not torch.equal(one[key], two[key])] == []
