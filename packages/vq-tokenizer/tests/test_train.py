"""The trainer: learning, resuming to the same bits, folders and what is wrong with them."""

import json
import subprocess
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from vq_tokenizer import TokenizerConfig, VQTokenizerError, load_checkpoint
from vq_tokenizer.tokenizer.checkpoint import detectors_of, read_tensors, write_tensors
from vq_tokenizer.training.batches import batches, collate, pick
from vq_tokenizer.training.losses import colour_loss, reconstruction_loss
from vq_tokenizer.training.pictures import ArrayPictures
from vq_tokenizer.training.run import TokenizerRun
from vq_tokenizer.training.train import train_tokenizer

SMALL = TokenizerRun(steps=1, batch=4, size=32, warmup=5, model="tiny", checkpoint_minutes=60)
FIELDS = {field.name for field in fields(TokenizerRun)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two splits of smooth random pictures of unequal sizes."""
    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("valid", 3)):
        (root / split).mkdir()
        for i in range(count):
            coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
            coarse.resize((40, 32), Image.Resampling.BICUBIC).save(root / split / f"{i:02}.png")
    return root


def run(images: object, out: Path, steps: int, **changes: object) -> list[str]:
    """Train a tiny model; the lines it said. What is no field of the run goes to the trainer."""
    lines: list[str] = []
    own = {name: changes.pop(name) for name in FIELDS & set(changes)}
    train_tokenizer(
        images,  # type: ignore[arg-type]
        out,
        run=replace(SMALL, steps=steps, **own),  # type: ignore[arg-type]
        tell=lines.append,
        **changes,  # type: ignore[arg-type]
    )
    return lines


def same(first: Path, second: Path) -> None:
    """Both runs left the same bits for resuming."""
    one, other = (load_file(path / "training.safetensors") for path in (first, second))
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def moved_pairs(count: int = 12, side: int = 32) -> ArrayPictures:
    """Smooth pictures of which every third is the reference of the two after it, in which a patch
    is another one."""
    rng = np.random.default_rng(1)
    pixels = []
    for i in range(count):
        if i % 3 == 0:
            coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
            rest = np.array(coarse.resize((side, side), Image.Resampling.BICUBIC))
            pixels.append(rest)
        else:
            moved = rest.copy()
            moved[8:20, 4 * i % 16 :][:, :12] = rng.integers(0, 256, 3)
            pixels.append(moved)
    return ArrayPictures(np.stack(pixels), references=np.arange(count) // 3 * 3)


def test_learns_and_leaves_what_it_should(folder: Path, tmp_path: Path) -> None:
    lines = run(folder, tmp_path, 60, rate=3e-3, log_every=20)
    assert lines[0] == "12 pictures, 3 held out"
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in log if "loss" in row]
    assert losses[-1] < 0.7 * losses[0]
    assert log[-1]["step"] == 60
    assert log[-1]["valid_psnr"] > 10
    assert any("usage" in line and "perplexity" in line and "dead" in line for line in lines)
    with Image.open(tmp_path / "samples" / "0000060.png") as sheet:
        assert sheet.size == (3 * 32 * 2, 2 * 32 * 2)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["train"]["step"] == 60
    assert config["train"]["batch"] == 4
    told = json.loads((tmp_path / "run.json").read_text())
    assert TokenizerRun(**told["run"]).steps == 60
    assert told["result"]["psnr"] == log[-1]["valid_psnr"]
    assert load_checkpoint(tmp_path).encode(torch.rand(1, 3, 32, 32)).shape == (1, 4, 4)


@pytest.mark.parametrize("quantizer", ["vq", "fsq"])
def test_learns_what_changed_against_a_reference(tmp_path: Path, quantizer: str) -> None:
    pairs = moved_pairs()
    options = {"model": "tiny-reference", "quantizer": quantizer, "flip": False, "log_every": 20}
    run(pairs, tmp_path, 60, rate=3e-3, valid=pairs, **options)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    last = log[-1]
    assert last["valid_psnr"] > last["valid_psnr_copied"] + 1
    assert last["valid_psnr_moved"] > last["valid_psnr_copied_moved"] + 1
    assert 0 <= last["valid_still"] < 1
    assert {"quiet", "still", "agree"} <= set(log[0])
    with Image.open(tmp_path / "samples" / "0000060.png") as sheet:
        assert sheet.size == (8 * 32 * 2, 3 * 32 * 2)  # references, originals, reconstructions
    with pytest.raises(VQTokenizerError, match="these pictures have no references"):
        run(ArrayPictures(pairs.pixels), tmp_path / "none", 1, **options)


@pytest.mark.parametrize(
    ("precision", "adversarial", "model"),
    [("fp32", 0.1, "tiny"), ("bf16", 0.0, "tiny"), ("bf16", 0.1, "tiny-reference")],
)
def test_resumes_to_the_same_bits(
    folder: Path, tmp_path: Path, precision: str, adversarial: float, model: str
) -> None:
    options = {"precision": precision, "adversarial": adversarial, "adversarial_start": 0.2}
    pictures = folder if model == "tiny" else moved_pairs()
    options |= {"model": model, "quantizer": "fsq"}
    options |= {} if model == "tiny" else {"other_reference": 0.5}
    run(pictures, tmp_path / "whole", 12, **options)

    class KilledError(Exception):
        pass

    def stop(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        calls.append(0)
        if len(calls) == 8:
            raise KilledError
        return output.sum() * 0.0

    calls: list[int] = []
    with pytest.raises(KilledError):  # saved after each step, and lost within the eighth
        run(pictures, tmp_path / "cut", 12, checkpoint_minutes=0, feature_loss=stop, **options)
    run(pictures, tmp_path / "cut", 12, resume=True, feature_loss=stop, **options)
    same(tmp_path / "whole", tmp_path / "cut")


class Eyes:
    """Stands for a detector: a loss that says which network it looks with."""

    def __init__(self, name: str) -> None:
        self.id = name

    def __call__(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (output.mean() - target.mean()).square()


def test_a_tokenizer_names_the_detectors_that_it_was_trained_to_please(
    folder: Path, tmp_path: Path
) -> None:
    run(folder, tmp_path / "first", 1, feature_loss=Eyes("eyes:01"))
    assert detectors_of(tmp_path / "first") == ["eyes:01"]
    record = json.loads((tmp_path / "first" / "run.json").read_text())
    assert record["about"]["detectors"] == ["eyes:01"]
    run(folder, tmp_path / "second", 1, start=tmp_path / "first", feature_loss=Eyes("more:02"))
    assert detectors_of(tmp_path / "second") == ["eyes:01", "more:02"]
    with pytest.raises(VQTokenizerError, match="trained with detectors"):
        run(folder, tmp_path / "first", 2, resume=True, feature_loss=Eyes("other:03"))
    run(folder, tmp_path / "none", 1, feature_loss=lambda output, target: output.mean())
    assert detectors_of(tmp_path / "none") == []


def test_a_run_begun_before_a_setting_was_there_had_it_as_usual() -> None:
    before = asdict(SMALL)
    del before["other_reference"]
    assert SMALL.changed(before) == []
    assert replace(SMALL, other_reference=0.5).changed(before) == ["other_reference"]


def test_a_run_begun_before_detectors_were_named_goes_on(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path, 1, feature_loss=Eyes("eyes:01"))
    state = tmp_path / "training.safetensors"
    tensors, metadata = read_tensors(state)
    told = json.loads(metadata["vq_tokenizer"])
    del told["about"]["detectors"]
    write_tensors(state, tensors, {"vq_tokenizer": json.dumps(told)})
    run(folder, tmp_path, 2, resume=True, feature_loss=Eyes("eyes:01"))
    assert detectors_of(tmp_path) == ["eyes:01"]


def test_killed_and_resumed_to_the_same_bits(folder: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from vq_tokenizer.training.run import TokenizerRun; "
        "from vq_tokenizer.training.train import train_tokenizer; "
        "train_tokenizer(sys.argv[1], sys.argv[2], run=TokenizerRun(steps=30, batch=4, size=32, "
        "warmup=5, model='tiny', checkpoint_minutes=0), tell=lambda s: print(s, flush=True))"
    )
    command = [sys.executable, "-c", script, str(folder), str(tmp_path / "cut")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("step 3 ") and "saved in" in line:
                break
        process.kill()  # in whatever step it has come to
    (tmp_path / "cut" / "training.safetensors.part").write_bytes(b"half a file")
    with open(tmp_path / "cut" / "log.jsonl", "a") as log:
        log.write('{"step": 31, "loss": 0.1}\n{"step": 32, "lo')  # lost with the kill
    assert "resumed at step" in run(folder, tmp_path / "cut", 30, resume=True)[1]
    run(folder, tmp_path / "whole", 30)
    same(tmp_path / "whole", tmp_path / "cut")
    rows = [json.loads(line) for line in (tmp_path / "cut" / "log.jsonl").read_text().splitlines()]
    steps = [row["step"] for row in rows if "loss" in row]
    assert steps[-1] == 30
    assert sorted(set(steps)) == steps


def test_a_worker_reads_the_same_batches() -> None:
    pairs = moved_pairs()
    plain, read_ahead = (
        list(batches(pairs, replace(SMALL, steps=5, workers=workers), 2)) for workers in (0, 1)
    )
    assert len(plain) == len(read_ahead) == 3
    for one, other in zip(plain, read_ahead, strict=True):
        assert torch.equal(one.images, other.images)
        assert one.references is not None
        assert other.references is not None
        assert torch.equal(one.references, other.references)
        assert one.weights is None
        assert other.weights is None


def test_resume_refuses_another_run(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path, 2)
    with pytest.raises(VQTokenizerError, match="there is a run in this folder"):
        run(folder, tmp_path, 2)
    with pytest.raises(VQTokenizerError, match="seed 0, now seed is 1"):
        run(folder, tmp_path, 4, resume=True, seed=1, config=TokenizerConfig.preset("tiny"))
    with pytest.raises(VQTokenizerError, match="rate 0.0006, now rate is 0.001"):
        run(folder, tmp_path, 4, resume=True, rate=1e-3)
    with pytest.raises(VQTokenizerError, match="another model configuration"):
        run(folder, tmp_path, 4, resume=True, quantizer="fsq")
    with pytest.raises(VQTokenizerError, match="pictures 12, now pictures is 3"):
        run(folder / "valid", tmp_path, 4, resume=True)
    state = tmp_path / "training.safetensors"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(VQTokenizerError, match="damaged or cut"):
        run(folder, tmp_path, 4, resume=True)


def test_pictures_may_become_more(folder: Path, tmp_path: Path) -> None:
    run(folder / "valid", tmp_path, 2)
    lines = run(folder / "train", tmp_path, 4, resume=True)
    assert lines[1:3] == ["resumed at step 2", "there are 12 pictures now, 3 before"]
    assert json.loads((tmp_path / "run.json").read_text())["about"]["pictures"] == 12


def test_a_run_begins_with_the_weights_of_another(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "first", 3)
    run(folder, tmp_path / "second", 1, start=tmp_path / "first", rate=1e-12)
    for name, tensor in load_file(tmp_path / "first" / "model.safetensors").items():
        if name.startswith(("encoder", "decoder")):
            torch.testing.assert_close(
                tensor, load_file(tmp_path / "second" / "model.safetensors")[name]
            )
    with pytest.raises(VQTokenizerError, match="unexpected quantizer.codes"):
        run(folder, tmp_path / "third", 1, start=tmp_path / "first", quantizer="fsq")


def test_weights_follow_their_picture_through_the_flip() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    weights = pixels[..., 0].astype(np.float32)
    pictures = ArrayPictures(pixels, references=pixels[::-1], weights=weights)
    flips = torch.tensor([True, False, True])
    batch = collate([pictures.sample(i) for i in range(3)], flips)
    assert batch.weights is not None
    assert batch.references is not None
    torch.testing.assert_close(batch.weights / 255, batch.images[:, 0])
    torch.testing.assert_close(
        batch.references.flip(0), collate([pictures.sample(i) for i in range(3)], flips).images
    )
    with pytest.raises(VQTokenizerError, match="some pictures have a reference"):
        collate([pictures.sample(0), pictures.sample(1)._replace(reference=None)])


def test_weights_move_what_is_learned(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    left = np.zeros((1, 16, 16), dtype=np.float32)
    left[..., :8] = 1
    states = []
    for name, weights in (("even", np.ones_like(left)), ("none", None), ("left", left)):
        run(ArrayPictures(pixels, weights=weights), tmp_path / name, 3, size=16, flip=False)
        states.append(load_file(tmp_path / name / "model.safetensors")["decoder.head.weight"])
    torch.testing.assert_close(states[0], states[1])
    assert not torch.allclose(states[0], states[2])


def test_batches_are_epochs_and_depend_on_the_step_only() -> None:
    picked = torch.cat([pick(10, 4, step, 0)[0] for step in range(5)])
    assert all(sorted(part.tolist()) == list(range(10)) for part in picked.split(10))
    again, flips = pick(10, 4, 3, 0)
    assert torch.equal(again, picked[12:16])
    assert torch.equal(flips, pick(10, 4, 3, 0)[1])
    assert not pick(10, 4, 3, 0, flip=False)[1].any()
    many = torch.cat([pick(10, 64, step, 0)[1] for step in range(20)])
    assert 0.4 < many.float().mean() < 0.6


def test_trains_with_fsq(folder: Path, tmp_path: Path) -> None:
    config = TokenizerConfig.preset("tiny", quantizer="fsq", fsq_levels=(5, 4, 3))
    run(folder, tmp_path, 3, config=config)
    assert load_checkpoint(tmp_path).encode(torch.rand(1, 3, 32, 32)).max() < 60


def test_losses() -> None:
    target = torch.rand(2, 3, 16, 16)
    assert reconstruction_loss(target, target) == 0
    torch.testing.assert_close(reconstruction_loss(target + 0.1, target), torch.tensor(0.1))
    left = torch.zeros(1, 16, 16)
    left[..., :8] = 1
    error = torch.zeros_like(target)
    error[..., 12:] = 0.5
    assert reconstruction_loss(target + error, target, left) == 0
    twice = torch.full((2, 16, 16), 2.0)
    torch.testing.assert_close(reconstruction_loss(target + 0.1, target, twice), torch.tensor(0.1))
    torch.testing.assert_close(
        reconstruction_loss(target + 0.1, target, twice, even=False), torch.tensor(0.2)
    )


def test_colour_loss() -> None:
    target = torch.rand(2, 3, 16, 16)
    even = torch.ones(1, 1, 16, 16)
    assert colour_loss(target, target, even) == 0
    hue = torch.tensor([0.1, -0.1, 0.0]).view(1, 3, 1, 1)  # as grey as before
    torch.testing.assert_close(colour_loss(target + hue, target, even), torch.tensor(3 * 0.2 / 3))
    grey = torch.full((1, 3, 1, 1), 0.1)
    torch.testing.assert_close(colour_loss(target + grey, target, even), torch.tensor(3 * 0.1 / 3))
    checks = (torch.arange(16)[:, None] + torch.arange(16)) % 2 * 0.2 - 0.1  # no mean, no hue
    assert colour_loss(target + checks, target, even) < 1e-6
    both = reconstruction_loss(target + hue, target, colour=2.0)
    torch.testing.assert_close(both, reconstruction_loss(target + hue, target) + 0.4)


def test_errors(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(VQTokenizerError, match="no such folder"):
        run(tmp_path / "no", tmp_path / "out", 1)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(VQTokenizerError, match="no pictures there"):
        run(empty, tmp_path / "out", 1)
    (empty / "x.png").write_bytes(b"not a picture")
    with pytest.raises(VQTokenizerError, match=r"x\.png: cannot be read as a picture"):
        run(empty, tmp_path / "out", 1)
    with pytest.raises(VQTokenizerError, match="must be divided by 8"):
        run(folder, tmp_path / "out", 1, size=30)
    with pytest.raises(VQTokenizerError, match=r"the run's size is 16, but 0 is \(32, 32, 3\)"):
        run(moved_pairs(), tmp_path / "out", 1, size=16)


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("steps", 0, "at least 1"),
        ("rate", 0.0, "more than 0"),
        ("minutes", -1.0, "more than 0"),
        ("warmup", -1, "at least 0"),
        ("without", 1.5, "from 0 to 1"),
        ("precision", "fp8", "fp32 or bf16"),
        ("quantizer", "pq", "one of vq, fsq, lfq"),
        ("gate_to", 0.1, "at least gate_from"),
    ],
)
def test_a_run_that_cannot_be_is_refused(field: str, value: object, what: str) -> None:
    with pytest.raises(VQTokenizerError, match=f"TokenizerRun: {field}=.*; {what}"):
        replace(SMALL, **{field: value})  # type: ignore[arg-type]
