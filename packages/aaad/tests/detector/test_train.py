"""Training: it learns, it can be stopped and taken up, it says what is wrong with its input."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from aaad import COLUMNS, AAADError, Detector, DetectorRun, train_detector
from aaad.columns import column
from aaad.detector import NETWORKS
from aaad.detector import train as loop
from aaad.detector.checkpoint import read_detector
from aaad.learning.data import Split

SIZE = 32


def write_corpus(root, rows_by_split, seed=0):
    """Squares of a brightness: each column has a place of its own on a grey picture."""
    rng = np.random.default_rng(seed)
    for split, people in rows_by_split.items():
        folder = root / split
        folder.mkdir(parents=True)
        lines = []
        for person in range(people):
            grey = rng.integers(80, 150)
            for k in range(4):
                image = np.full((SIZE, SIZE, 3), grey, np.uint8)
                aus = {}
                if k:
                    a = int(rng.integers(len(COLUMNS)))
                    unit, side = column(COLUMNS[a])
                    level = int(rng.integers(1, 6))
                    aus = {unit: {side: level / 5}}
                    y, x = 4 * (a // 7), 4 * (a % 7)
                    image[y : y + 4, x : x + 4] += np.uint8(15 * level)
                name = f"{person:03d}_{k}.png"
                Image.fromarray(image).save(folder / name)
                lines.append(
                    {
                        "file_name": name,
                        "text": "a face",
                        "text_brief": "a face",
                        "codes": "0",
                        "aus": aus,
                        "subject": f"{split}{person}",
                        "neutral": f"{person:03d}_0.png",
                        "source": "made by a test",
                    }
                )
        (folder / "metadata.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    (root / "corpus.json").write_text(json.dumps({"source": "made by a test"}))
    return root


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus", {"train": 12, "valid": 4, "test": 4})


def run_of(**settings):
    """A tiny run."""
    kept = {
        "width": 8,
        "hidden": 16,
        "size": SIZE,
        "batch": 8,
        "workers": 1,
        "augment": 0.3,
        "fold": 4,
    }
    return DetectorRun(**{**kept, **settings})


def train(corpus, out, *, resume=False, **settings):
    told = []
    run = run_of(**settings)
    report = train_detector(corpus, out, run=run, resume=resume, device="cpu", tell=told.append)
    return report, told


@pytest.mark.parametrize("network", NETWORKS)
def test_a_run_writes_a_detector_and_its_report(corpus, tmp_path, network):
    report, told = train(corpus, tmp_path / "out", steps=22, network=network)
    assert set(report["with_neutral"]["columns"]) == set(COLUMNS)
    assert report["split"] == "test"
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report
    assert (tmp_path / "out" / "log.jsonl").read_text().count("\n") == len(told) == 1
    see = Detector.from_pretrained(tmp_path / "out", device="cpu")
    assert see.id.startswith(f"aaad-{network}-0:")
    assert see(np.zeros((2, 3, SIZE, SIZE), np.uint8)).shape == (2, 38, 6)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["training"]["steps_done"] == 22
    assert config["held_out"]["version"] == 2
    assert json.loads((tmp_path / "out" / "run.json").read_text())["network"] == network
    assert not list((tmp_path / "out").glob("*.part"))


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
def test_the_loss_falls(corpus, tmp_path, network):
    train(corpus, tmp_path / "out", steps=120, rate=4e-3, network=network)
    losses = [
        json.loads(line)["loss"] for line in (tmp_path / "out/log.jsonl").read_text().splitlines()
    ]
    assert losses[-1] < 0.9 * losses[0]


def test_a_run_can_begin_with_a_detector_and_says_so(corpus, tmp_path):
    train(corpus, tmp_path / "first", steps=4)
    run = run_of(steps=1, rate=0.0, name="second")
    train_detector(
        corpus, tmp_path / "out", run=run, start=tmp_path / "first", device="cpu", tell=str
    )
    config = json.loads((tmp_path / "out/config.json").read_text())
    assert config["training"]["began_with"]["id"] == "aaad-grid-0"
    first, out = (load_file(tmp_path / n / "model.safetensors") for n in ("first", "out"))
    moving = ("running_mean", "running_var", "num_batches_tracked")
    assert all(torch.equal(first[k], out[k]) for k in first if not k.endswith(moving))


def test_a_second_grid_that_is_added_says_nothing_before_it_is_trained(corpus, tmp_path):
    train(corpus, tmp_path / "first", steps=4, fine=0)
    run = run_of(steps=1, rate=0.0, fine=8)
    train_detector(
        corpus, tmp_path / "out", run=run, start=tmp_path / "first", device="cpu", tell=str
    )
    first, grown = (read_detector(tmp_path / n)[0] for n in ("first", "out"))
    # But for the running means, which one step moves on.
    grown.load_state_dict(first.state_dict(), strict=False)
    images = torch.rand(3, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(first(images), grown(images))
    assert not any(name.startswith("near") for name in first.state_dict())


def test_a_detector_of_another_shape_is_none_to_begin_with(corpus, tmp_path):
    train(corpus, tmp_path / "first", steps=1)
    with pytest.raises(AAADError, match="to begin with: width is 8"):
        train_detector(
            corpus, tmp_path / "out", run=run_of(width=16), start=tmp_path / "first", device="cpu"
        )
    assert not (tmp_path / "out").exists()


def test_a_resumed_run_is_the_run_that_was_not_stopped(corpus, tmp_path, monkeypatch):
    train(corpus, tmp_path / "whole", steps=6)
    real = loop.batch_rows

    def stop_at_three(n, run, step):
        if step == 3:
            raise KeyboardInterrupt
        return real(n, run, step)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "batch_rows", stop_at_three)
        with pytest.raises(KeyboardInterrupt):
            train(corpus, tmp_path / "parts", steps=6, checkpoint_minutes=0.0)
    train(corpus, tmp_path / "parts", steps=6, resume=True)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "parts"))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)
    config = json.loads((tmp_path / "parts/config.json").read_text())
    assert config["training"]["steps_done"] == 6


def test_a_state_of_another_run_or_a_broken_one_is_refused(corpus, tmp_path):
    out = tmp_path / "out"
    train(corpus, out, steps=2)
    with pytest.raises(AAADError, match="there is a run in this folder"):
        train(corpus, out, steps=2)
    with pytest.raises(AAADError, match=r"other settings \(width\)"):
        train(corpus, out, steps=3, resume=True, width=16)
    state = out / "training.safetensors"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(AAADError, match="not a state to resume from"):
        train(corpus, out, steps=3, resume=True)


def test_wrong_input_is_one_clear_error(corpus, tmp_path):
    with pytest.raises(AAADError, match="no such corpus"):
        train(tmp_path / "nowhere", tmp_path / "out", steps=1)
    (corpus / "train" / "000_0.png").write_bytes(b"not a picture")
    with pytest.raises(AAADError, match="000_0.png: cannot be read as a picture"):
        train(corpus, tmp_path / "out", steps=9)
    for settings in ({"precision": "half"}, {"network": "big"}, {"steps": 0}, {"minutes": -1.0}):
        (name,) = settings
        with pytest.raises(AAADError, match=name):
            DetectorRun(**settings)


def test_minutes_end_a_run_too(corpus, tmp_path):
    report, _ = train(corpus, tmp_path / "out", minutes=0.0)
    assert report["split"] == "test"
    config = json.loads((tmp_path / "out/config.json").read_text())
    assert config["training"]["steps_done"] == 1


def test_a_split_knows_who_is_at_rest(corpus):
    split = Split(corpus, "valid", size=SIZE)
    rest, known = split.neutrals(np.arange(4))
    assert known.all()
    assert all(torch.equal(r, rest[0]) for r in rest)
    assert torch.equal(rest[0], split.images(np.array([0]))[0])


def test_pictures_beyond_the_memory_are_decoded_anew(corpus):
    everything = Split(corpus, "valid", size=SIZE)
    nothing_kept = Split(corpus, "valid", size=SIZE, memory_mb=0)
    rows = np.array([3, 0, 3, 5])
    for _ in range(2):
        assert torch.equal(nothing_kept.images(rows), everything.images(rows))


def test_a_picture_seen_smaller_is_not_the_picture(corpus):
    rows = np.arange(4)
    whole, small = Split(corpus, "valid", size=SIZE), Split(corpus, "valid", size=SIZE, via=8)
    assert small.images(rows).shape == whole.images(rows).shape
    assert not torch.equal(small.images(rows), whole.images(rows))
