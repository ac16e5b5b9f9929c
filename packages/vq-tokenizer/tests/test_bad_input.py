"""What is wrong with the input is said in one line: what, where, and what to do."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vq_tokenizer import (
    Tokenizer,
    TokenizerConfig,
    VQTokenizerError,
    load_checkpoint,
    save_checkpoint,
)
from vq_tokenizer.training.evaluate import evaluate
from vq_tokenizer.training.pictures import find_pictures
from vq_tokenizer.training.run import TokenizerRun
from vq_tokenizer.training.train import train_tokenizer

Say = Callable[..., str]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(3):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_checkpoint(Tokenizer(TokenizerConfig.preset("tiny")), tmp_path / "model")


@pytest.fixture
def say(tmp_path: Path, model: Path) -> Say:
    """Train or measure, which must fail; what is said, in one line."""

    def run(what: str, folder: Path, *, out: Path | None = None, **changes: object) -> str:
        device = str(changes.pop("device", "cpu"))
        with pytest.raises(VQTokenizerError) as caught:  # noqa: PT012 - which of them is the test
            fields = {"steps": 1, "batch": 4, "size": 32, "model": "tiny"} | changes
            if what == "train":
                run = TokenizerRun(**fields)  # type: ignore[arg-type]
                train_tokenizer(
                    folder, out or tmp_path / "out", run=run, device=device, tell=lambda line: None
                )
            else:
                pictures = find_pictures(folder, int(str(fields["size"])))
                evaluate(load_checkpoint(model, device=device), pictures)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return run


both = pytest.mark.parametrize("command", ["train", "evaluate"])


@both
def test_folders_without_pictures(say: Say, tmp_path: Path, command: str) -> None:
    assert f"{tmp_path / 'no'}: no such folder" in say(command, tmp_path / "no")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("nothing here")
    line = say(command, empty)
    assert f"{empty}: no pictures there (looked for .bmp" in line
    assert "give a folder of pictures" in line


@both
def test_a_picture_that_is_none(say: Say, pictures: Path, command: str) -> None:
    (pictures / "3.png").write_bytes(b"not a picture")
    line = say(command, pictures)
    assert f"{pictures / '3.png'}: cannot be read as a picture: unknown format; remove it" in line
    cut = (pictures / "0.png").read_bytes()
    (pictures / "3.png").write_bytes(cut[: len(cut) // 2])
    line = say(command, pictures)
    assert f"{pictures / '3.png'}: cannot be read as a picture: " in line
    assert "save it again" in line
    (pictures / "3.png").write_bytes(b"")
    assert "3.png: cannot be read as a picture: unknown format" in say(command, pictures)


@both
def test_a_listing_that_is_broken(say: Say, pictures: Path, command: str) -> None:
    listing = pictures / "metadata.jsonl"
    listing.write_bytes(b'{"file_name": "0.png"}\n\xff\xfe\n')
    assert f"{listing}:2: expected a JSON object with file_name" in say(command, pictures)
    listing.write_text('{"file_name": "gone.png"}\n')
    assert f"{pictures / 'gone.png'}: No such file" in say(command, pictures)


@both
def test_sizes_that_do_not_divide(say: Say, pictures: Path, command: str) -> None:
    line = say(command, pictures, size=30)
    assert "picture size 30 x 30 must be divided by 8; pad or crop it to 32 x 32" in line


def test_a_device_that_is_not_there(say: Say, pictures: Path) -> None:
    assert "device 'gpu' cannot be used here: " in say("train", pictures, device="gpu")


def test_a_cut_checkpoint(say: Say, pictures: Path, model: Path) -> None:
    path = model / "model.safetensors"
    whole = path.read_bytes()
    for length in (0, 5, 200, len(whole) - 1):
        path.write_bytes(whole[:length])
        line = say("evaluate", pictures)
        assert f"{path}: damaged or cut safetensors file" in line
        assert "copy or save it again" in line
    path.unlink()
    assert f"{path}: no such file" in say("evaluate", pictures)


def test_the_weights_of_another_configuration(say: Say, pictures: Path, model: Path) -> None:
    other = TokenizerConfig.preset("tiny", quantizer="fsq", fine_blocks=2)
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"model": other.to_json()}))
    line = say("evaluate", pictures)
    assert f"{model / 'model.safetensors'}: not the weights of the model" in line
    assert "take the two from one run" in line
    added = [f"decoder.stages.7.{part}" for part in ("norm", "first", "second")]
    for name in [f"{part}.{kind}" for part in added for kind in ("weight", "bias")]:
        assert f"missing {name};" in line
    for name in ("codes", "sums", "started", "step"):
        assert f"unexpected quantizer.{name}" in line
    assert "encoder.head.weight is (8, 32, 1, 1), expected (4, 32, 1, 1)" in line
    assert "quantizer.counts is (64,), expected (1000,)" in line


@both
def test_without_pillow(
    say: Say, pictures: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert "needs Pillow; pip install 'vq-tokenizer[train]'" in say(command, pictures)


def test_a_model_that_there_is_none_of(say: Say, pictures: Path, tmp_path: Path) -> None:
    assert "no preset 'f9'; there are f16, " in say("train", pictures, model="f9")
    (tmp_path / "file").write_text("not a folder")
    assert "cannot be made" in say("train", pictures, out=tmp_path / "file")
