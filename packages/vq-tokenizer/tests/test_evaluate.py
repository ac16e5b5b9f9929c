"""The evaluation command: figures, sheet and JSON for codebooks and grids."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vq_tokenizer import Tokenizer, TokenizerConfig, save_checkpoint
from vq_tokenizer.training.data import find_images, load_images
from vq_tokenizer.training.evaluate import evaluate, main
from vq_tokenizer.training.measure import psnr, ssim, token_use


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test split of eleven pictures."""
    root = tmp_path_factory.mktemp("pictures")
    (root / "test").mkdir()
    rng = np.random.default_rng(0)
    for i in range(11):
        coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        coarse.resize((32, 32), Image.Resampling.BICUBIC).save(root / "test" / f"{i:02}.png")
    return root


def tokenizer(folder: Path, quantizer: str) -> Path:
    config = TokenizerConfig.preset("tiny", quantizer=quantizer, fsq_levels=(5, 4, 3), lfq_bits=6)
    return save_checkpoint(Tokenizer(config), folder / quantizer, train={"steps": 0})


def test_figures_are_those_of_the_pictures(pictures: Path) -> None:
    model = Tokenizer(TokenizerConfig.preset("tiny")).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    images = load_images(find_images(pictures, "test"), 32)
    found = evaluate(model, images, batch=4, show=3)
    x = images.batch(torch.arange(11))
    tokens = model.encode(x)
    y = model.decode(tokens)
    torch.testing.assert_close(found.psnr, psnr(y, x), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.ssim, ssim(y, x), rtol=1e-5, atol=1e-5)
    assert found.use == token_use(tokens, 64)
    assert torch.equal(found.originals, x[[0, 5, 10]])
    assert found.restored.shape == (3, 3, 32, 32)
    assert model.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert evaluate(model, images, limit=4).figures()["pictures"] == 4


def test_command(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [tokenizer(tmp_path, name) for name in ("vq", "fsq", "lfq")]
    arguments = [str(pictures), "--tokenizer", str(folders[0]), "--size", "32", "--show", "10"]
    for other in folders[1:]:
        arguments += ["--other", str(other)]
    sheet, report = tmp_path / "sheets" / "sheet.png", tmp_path / "report.json"
    assert main([*arguments, "--sheet", str(sheet), "--json", str(report)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [str(folder) for folder in folders]
    assert all("usage" in line and "ssim" in line and "pictures/s" in line for line in lines)
    with Image.open(sheet) as opened:  # two blocks of 8 columns, four rows each, at twice the size
        assert opened.size == (8 * 64, 2 * 4 * 64)
    values = json.loads(report.read_text())
    assert values["split"] == "test"
    assert values["machine"]["torch"] == torch.__version__
    assert [row["model"]["quantizer"] for row in values["results"]] == ["vq", "fsq", "lfq"]
    for row in values["results"]:
        assert row["pictures"] == 11
        assert 0 < row["usage"] <= 1
        assert row["psnr_p5"] <= row["psnr"]
        assert row["train"] == {"steps": 0}
