"""The trainer: learning, resuming to the same bits, folders and what is wrong with them."""

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from vq_tokenizer import TokenizerConfig, VQTokenizerError, load_checkpoint
from vq_tokenizer.training.data import find_images, load_images, sample_batch
from vq_tokenizer.training.losses import colour_loss, reconstruction_loss
from vq_tokenizer.training.train import main, train_tokenizer

TINY = TokenizerConfig.preset("tiny")


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


def run(folder: Path, out: Path, steps: int, **options: object) -> list[str]:
    """Train a tiny model; the lines it said."""
    lines: list[str] = []
    train_tokenizer(
        folder,
        out,
        steps=steps,
        batch=4,
        size=32,
        warmup=5,
        model=TINY,
        progress=lines.append,
        **options,  # type: ignore[arg-type]
    )
    return lines


def test_learns_and_leaves_what_it_should(folder: Path, tmp_path: Path) -> None:
    lines = run(folder, tmp_path, 60, lr=3e-3, report_steps=20)
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
    assert load_checkpoint(tmp_path).encode(torch.rand(1, 3, 32, 32)).shape == (1, 4, 4)


@pytest.mark.parametrize(("precision", "adversarial"), [("fp32", 0.1), ("bf16", 0.0)])
def test_resumes_to_the_same_bits(
    folder: Path, tmp_path: Path, precision: str, adversarial: float
) -> None:
    options = {"precision": precision, "adversarial": adversarial, "adversarial_start": 0.2}
    run(folder, tmp_path / "whole", 12, **options)

    class KilledError(Exception):
        pass

    def stop(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        calls.append(0)
        if len(calls) == 8:
            raise KilledError
        return output.sum() * 0.0

    calls: list[int] = []
    with pytest.raises(KilledError):  # after a save at step 5, two more steps are lost
        run(folder, tmp_path / "cut", 12, save_steps=5, feature_loss=stop, **options)
    run(folder, tmp_path / "cut", 12, resume=True, feature_loss=stop, **options)
    whole = load_file(tmp_path / "whole" / "training.safetensors")
    cut = load_file(tmp_path / "cut" / "training.safetensors")
    assert whole.keys() == cut.keys()
    for name, tensor in whole.items():
        assert torch.equal(tensor, cut[name]), name


def test_killed_and_resumed_to_the_same_bits(folder: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from vq_tokenizer import TokenizerConfig; "
        "from vq_tokenizer.training.train import train_tokenizer; "
        "train_tokenizer(sys.argv[1], sys.argv[2], steps=30, batch=4, size=32, warmup=5, "
        "model=TokenizerConfig.preset('tiny'), save_steps=3)"
    )
    command = [sys.executable, "-c", script, str(folder), str(tmp_path / "cut")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "saved in" in line:
                break
        process.kill()  # in whatever step it has come to
    (tmp_path / "cut" / "training.safetensors.part").write_bytes(b"half a file")
    with open(tmp_path / "cut" / "log.jsonl", "a") as log:
        log.write('{"step": 31, "loss": 0.1}\n{"step": 32, "lo')  # lost with the kill
    assert "resumed at step" in run(folder, tmp_path / "cut", 30, resume=True)[1]
    run(folder, tmp_path / "whole", 30)
    whole = load_file(tmp_path / "whole" / "training.safetensors")
    cut = load_file(tmp_path / "cut" / "training.safetensors")
    for name, tensor in whole.items():
        assert torch.equal(tensor, cut[name]), name
    rows = [json.loads(line) for line in (tmp_path / "cut" / "log.jsonl").read_text().splitlines()]
    steps = [row["step"] for row in rows if "loss" in row]
    assert steps[-1] == 30
    assert sorted(set(steps)) == steps


def test_resume_refuses_another_run(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path, 2)
    with pytest.raises(VQTokenizerError, match="there is a run in this folder"):
        run(folder, tmp_path, 2)
    with pytest.raises(VQTokenizerError, match="seed 0, now seed is 1"):
        run(folder, tmp_path, 4, resume=True, seed=1)
    with pytest.raises(VQTokenizerError, match="pictures 12, now pictures is 3"):
        run(folder / "valid", tmp_path, 4, resume=True)
    with pytest.raises(VQTokenizerError, match="weights None, now weights is 'a function'"):
        run(folder, tmp_path, 4, resume=True, weights=lambda names: torch.ones(4, 32, 32))
    state = tmp_path / "training.safetensors"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(VQTokenizerError, match="damaged or cut"):
        run(folder, tmp_path, 4, resume=True)


def test_weights_follow_their_picture_through_the_flip(folder: Path, tmp_path: Path) -> None:
    seen: list[str] = []

    def weights(names: list[str]) -> torch.Tensor:
        seen.extend(names)
        return torch.ones(len(names), 32, 32)

    run(folder, tmp_path / "a", 3, weights=weights)
    assert sorted(seen) == sorted(f"train/{i:02}.png" for i in range(12))
    save_file({"weights": torch.ones(32, 32)}, tmp_path / "w.safetensors")
    run(folder, tmp_path / "b", 3, weights=tmp_path / "w.safetensors")
    run(folder, tmp_path / "c", 3)
    states = [load_file(tmp_path / name / "model.safetensors") for name in "abc"]
    for name, tensor in states[0].items():
        torch.testing.assert_close(tensor, states[1][name])
        torch.testing.assert_close(tensor, states[2][name])
    save_file({"weights": torch.zeros(32, 32)}, tmp_path / "zero.safetensors")
    with pytest.raises(VQTokenizerError, match="not all zero"):
        run(folder, tmp_path / "d", 1, weights=tmp_path / "zero.safetensors")


def test_batches_are_epochs_and_depend_on_the_step_only() -> None:
    picked = torch.cat([sample_batch(10, 4, step, 0)[0] for step in range(5)])
    assert all(sorted(part.tolist()) == list(range(10)) for part in picked.split(10))
    again, flips = sample_batch(10, 4, 3, 0)
    assert torch.equal(again, picked[12:16])
    assert torch.equal(flips, sample_batch(10, 4, 3, 0)[1])
    assert not sample_batch(10, 4, 3, 0, flip=False)[1].any()
    many = torch.cat([sample_batch(10, 64, step, 0)[1] for step in range(20)])
    assert 0.4 < many.float().mean() < 0.6


def test_images_are_cropped_square_and_scaled(tmp_path: Path) -> None:
    pixels = np.zeros((10, 20, 3), dtype=np.uint8)
    pixels[:, 5:15] = 255  # the centre square
    Image.fromarray(pixels).save(tmp_path / "a.png")
    loaded = load_images(find_images(tmp_path), 8)
    assert loaded.pixels.shape == (1, 8, 8, 3)
    assert loaded.pixels.min() > 240
    flipped = loaded.batch(torch.tensor([0]), torch.tensor([True]))
    assert flipped.shape == (1, 3, 8, 8)
    assert flipped.max() == 1.0


def test_metadata_lists_the_pictures(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", "unlisted.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "b.png"}\n\n{"file_name": "a.png"}\n')
    assert [p.name for p in find_images(tmp_path)] == ["b.png", "a.png"]
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "b.png"}\nnonsense\n')
    with pytest.raises(VQTokenizerError, match=r"metadata\.jsonl:2"):
        find_images(tmp_path)


def test_shards(tmp_path: Path, folder: Path) -> None:
    files = sorted((folder / "train").glob("*.png"))
    for name, part in (("0.tar", files[:7]), ("1.tar", files[7:])):
        with tarfile.open(tmp_path / name, "w") as archive:
            for file in part:
                archive.add(file, file.name)
                archive.add(__file__, file.stem + ".txt")  # what else belongs to the sample
    paths = find_images(tmp_path)
    assert [p.name for p in paths] == [p.name for p in files]
    shards, plain = load_images(paths, 32), load_images(files, 32)
    assert np.array_equal(shards.pixels, plain.pixels)
    (tmp_path / "2.tar").write_bytes(b"not a tar file" * 100)
    with pytest.raises(VQTokenizerError, match=r"2\.tar: cannot be read as a tar file"):
        find_images(tmp_path)


def test_trains_with_fsq(folder: Path, tmp_path: Path) -> None:
    config = TokenizerConfig.preset("tiny", quantizer="fsq", fsq_levels=(5, 4, 3))
    train_tokenizer(
        folder, tmp_path, steps=3, batch=4, size=32, model=config, progress=lambda line: None
    )
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


def test_command_errors(tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def error(*arguments: str) -> str:
        assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
        return capsys.readouterr().err

    assert "give steps or minutes" in error(str(folder))
    assert "no such folder" in error(str(tmp_path / "no"), "--steps", "1")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no pictures there" in error(str(empty), "--steps", "1")
    (empty / "x.png").write_bytes(b"not a picture")
    assert "x.png: cannot be read as a picture" in error(str(empty), "--steps", "1")
    assert "must be divided by 8" in error(str(folder), "--steps", "1", "--size", "30")
