import json
from pathlib import Path

import pytest
import torch

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import read_folder
from auface_gen.generator.model import GeneratorConfig
from auface_gen.generator.train import (
    GeneratorRun,
    clause_vectors,
    generator_loss,
    main,
    mask_tokens,
    train_generator,
)

CONFIG = GeneratorConfig(
    grid=4, cell=2, num_codes=64, code_dim=8, width=32, layers=1, heads=2, hidden=32, token_width=16
)
QUIET = lambda line: None  # noqa: E731


def train(corpus: Path, out: Path, tokenizer: Path, steps: int, **more) -> dict[str, torch.Tensor]:
    run = GeneratorRun(steps=steps, batch=4, warmup=1, floor=1.0, lr=1e-3, precision="fp32")
    train_generator(corpus, out, tokenizer=tokenizer, run=run, config=CONFIG, log=QUIET, **more)
    return read_folder(out)[1]


@pytest.fixture(autouse=True)
def constant_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rate that does not depend on how long the run is, so that a short run is the beginning of
    a long one.
    """
    monkeypatch.setattr(GeneratorRun, "rate", lambda self, step, seconds: 1e-3)


def test_stopped_and_resumed_gives_the_same_bits(
    corpus: Path, tokenizer_folder: Path, tmp_path: Path
) -> None:
    whole = train(corpus, tmp_path / "whole", tokenizer_folder, 6)
    train(corpus, tmp_path / "parts", tokenizer_folder, 3)
    parts = train(corpus, tmp_path / "parts", tokenizer_folder, 6, resume=True)
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[k], parts[k]) for k in whole)


def test_a_run_is_data_and_is_not_overwritten(
    corpus: Path, tokenizer_folder: Path, tmp_path: Path
) -> None:
    train(corpus, tmp_path / "out", tokenizer_folder, 2)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["training"]["steps"] == 2
    assert config["result"]["step"] == 2
    assert len(config["shown"]) > 60
    with pytest.raises(AUFaceGenError, match="already holds a run"):
        train(corpus, tmp_path / "out", tokenizer_folder, 2)
    with pytest.raises(AUFaceGenError, match="another batch"):
        train_generator(
            corpus,
            tmp_path / "out",
            tokenizer=tokenizer_folder,
            run=GeneratorRun(steps=4, batch=5),
            config=CONFIG,
            resume=True,
            log=QUIET,
        )


def test_a_state_cut_short_is_refused(corpus: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    train(corpus, tmp_path / "out", tokenizer_folder, 1)
    state = tmp_path / "out" / "training.safetensors"
    state.write_bytes(state.read_bytes()[: state.stat().st_size // 2])
    with pytest.raises(AUFaceGenError, match="training.safetensors is not a whole"):
        train(corpus, tmp_path / "out", tokenizer_folder, 2, resume=True)


def test_broken_corpora_are_named(
    corpus: Path, tokenizer_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata = corpus / "train" / "metadata.jsonl"
    good = metadata.read_text()
    metadata.write_text(good + '{"file_name": 3\n')
    with pytest.raises(AUFaceGenError, match=r"metadata.jsonl:9"):
        train(corpus, tmp_path / "a", tokenizer_folder, 1)
    metadata.write_text(good)
    (corpus / "train" / "p1train" / "2.png").write_bytes(b"no picture")
    with pytest.raises(AUFaceGenError, match="2.png is not a picture"):
        train(corpus, tmp_path / "b", tokenizer_folder, 1)
    assert (
        main(
            [
                str(tmp_path / "nowhere"),
                "--out",
                str(tmp_path / "c"),
                "--steps",
                "1",
                "--tokenizer",
                str(tokenizer_folder),
            ]
        )
        == 2
    )
    assert "is missing" in capsys.readouterr().err


def test_masks_are_exact_and_whole_ones_have_their_share() -> None:
    tokens = torch.zeros(4000, 16, dtype=torch.long)
    masked = mask_tokens(tokens, 9, torch.Generator().manual_seed(0), 0.3) == 9
    assert masked.any(1).all()
    whole = masked.all(1).float().mean().item()
    extra = (
        0.7 * (1 - 2 / torch.pi * torch.acos(torch.tensor(15 / 16))).item()
    )  # those that the cosine masks wholly
    expected = 0.3 + 0.7 - extra
    assert abs(whole - expected) < 4 * (expected * (1 - expected) / 4000) ** 0.5


def test_the_loss_is_cross_entropy_and_softening_favours_near_codes() -> None:
    logits = torch.randn(2, 3, 5)
    target = torch.randint(0, 5, (2, 3))
    near = torch.softmax(torch.randn(5, 5).fill_diagonal_(-torch.inf), 1)
    plain = generator_loss(logits, target, torch.ones(2, 3), near, 0.0)
    torch.testing.assert_close(
        plain, torch.nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten())
    )
    soft = generator_loss(logits, target, torch.ones(2, 3), near, 0.5)
    goal = 0.5 * torch.eye(5)[target] + 0.5 * near[target]
    torch.testing.assert_close(
        soft, torch.nn.functional.cross_entropy(logits.flatten(0, 1), goal.flatten(0, 1))
    )


def test_clauses_together_say_all_that_the_row_does() -> None:
    row = {
        "codes": "6C+12D+L1B",
        "aus": {
            "AU6": {"left": 0.6, "right": 0.6},
            "AU12": {"left": 0.8, "right": 0.8},
            "AU1": {"left": 0.4},
        },
    }
    for seed in range(5):
        clauses = clause_vectors(row, seed)
        assert clauses.max(0).sum() == pytest.approx(0.6 * 2 + 0.8 * 2 + 0.4)
        assert clause_vectors(row, seed, mirror=True).max(0).sum() == pytest.approx(
            clauses.max(0).sum()
        )
    assert clause_vectors({"codes": "0", "aus": {}}, 0).sum() == 0


def test_a_run_needs_one_length() -> None:
    with pytest.raises(AUFaceGenError, match="steps or minutes"):
        GeneratorRun()


def test_the_bank_holds_held_out_people_at_rest(
    corpus: Path, tokenizer_folder: Path, tmp_path: Path
) -> None:
    from auface_gen.generator.bank import make_bank
    from auface_gen.generator.checkpoint import read_tensors

    (corpus / "test").symlink_to(corpus / "train")
    assert make_bank(corpus, tokenizer_folder, tmp_path / "people.safetensors", size=32) == 3
    assert read_tensors(tmp_path / "people.safetensors")["tokens"].shape == (3, 4, 4)
