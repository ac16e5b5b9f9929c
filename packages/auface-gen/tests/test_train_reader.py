import json
from pathlib import Path

import pytest
import torch

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import read_folder
from auface_gen.generator.legacy.train_reader import train_reader
from auface_gen.generator.run import ReaderRun

QUIET = lambda line: None  # noqa: E731


def test_a_reader_stopped_and_resumed_gives_the_same_bits(tmp_path: Path) -> None:
    run = {"batch": 8, "warmup": 0, "floor": 1.0, "log_every": 1, "vocabulary": 200, "measured": 50}
    said: list[str] = []
    train_reader(tmp_path / "whole", run=ReaderRun(steps=3, **run), tell=said.append)
    train_reader(tmp_path / "parts", run=ReaderRun(steps=1, **run), tell=QUIET)
    train_reader(tmp_path / "parts", run=ReaderRun(steps=3, **run), resume=True, tell=QUIET)
    whole, parts = (read_folder(tmp_path / name) for name in ("whole", "parts"))
    assert all(torch.equal(whole[1][k], parts[1][k]) for k in whole[1])
    assert whole[0]["result"] == parts[0]["result"]
    assert json.loads((tmp_path / "whole" / "run.json").read_text())["run"]["batch"] == 8
    assert len((tmp_path / "parts" / "log.jsonl").read_text().splitlines()) == 2
    assert any(line.startswith("step 3  held out:") for line in said)
    with pytest.raises(AUFaceGenError, match="already holds a run"):
        train_reader(tmp_path / "whole", run=ReaderRun(steps=3, **run), tell=QUIET)
    other = ReaderRun(steps=4, seed=1, **(run | {"batch": 9}))
    with pytest.raises(AUFaceGenError, match="another batch, seed"):
        train_reader(tmp_path / "whole", run=other, resume=True, tell=QUIET)
