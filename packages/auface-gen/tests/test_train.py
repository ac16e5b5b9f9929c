import json
import shutil
from pathlib import Path

import pytest
import torch

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import read_folder
from auface_gen.generator.legacy.batches import clause_vectors
from auface_gen.generator.legacy.model import GeneratorConfig
from auface_gen.generator.legacy.objective import generator_loss, mask_tokens
from auface_gen.generator.legacy.train import train_generator
from auface_gen.generator.legacy.train_reader import train_reader
from auface_gen.generator.run import GeneratorRun, ReaderRun
from facs_text import FacsTextError, resolve
from facs_text.corpus import make_row

CONFIG = GeneratorConfig(
    grid=4, cell=2, num_codes=64, code_dim=8, width=32, layers=1, heads=2, hidden=32, token_width=16
)
QUIET = lambda line: None  # noqa: E731


def train(corpus: Path, out: Path, tokenizer: Path, steps: int, **more) -> dict[str, torch.Tensor]:
    run = GeneratorRun(steps=steps, batch=4, warmup=0, floor=1.0, rate=1e-3)
    train_generator(corpus, out, tokenizer=tokenizer, run=run, config=CONFIG, tell=QUIET, **more)
    return read_folder(out)[1]


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
            tell=QUIET,
        )


def test_a_state_cut_short_is_refused(corpus: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    train(corpus, tmp_path / "out", tokenizer_folder, 1)
    state = tmp_path / "out" / "training.safetensors"
    state.write_bytes(state.read_bytes()[: state.stat().st_size // 2])
    with pytest.raises(AUFaceGenError, match="training.safetensors is not a whole"):
        train(corpus, tmp_path / "out", tokenizer_folder, 2, resume=True)


def test_broken_corpora_are_named(corpus: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    metadata = corpus / "train" / "metadata.jsonl"
    good = metadata.read_text()
    metadata.write_text(good + '{"file_name": 3\n')
    with pytest.raises(FacsTextError, match=r"metadata.jsonl, line 9"):
        train(corpus, tmp_path / "a", tokenizer_folder, 1)
    metadata.write_text(good)
    (corpus / "train" / "p1train" / "2.png").write_bytes(b"no picture")
    with pytest.raises(AUFaceGenError, match="2.png is not a picture"):
        train(corpus, tmp_path / "b", tokenizer_folder, 1)
    with pytest.raises(AUFaceGenError, match="nowhere.* is missing"):
        train(tmp_path / "nowhere", tmp_path / "c", tokenizer_folder, 1)
    assert not (tmp_path / "c").exists()


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
    row = make_row("1.png", "6C+12D+L1B", subject="p", source="made up")
    total = sum(sum(sides.values()) for sides in resolve("6C+12D+L1B").activations.values())
    for seed in range(5):
        clauses = clause_vectors(row, seed)
        assert clauses.max(0).sum() == pytest.approx(total)
        assert clause_vectors(row, seed, mirror=True).max(0).sum() == pytest.approx(total)
    rest = make_row("0.png", "0", subject="p", source="made up")
    assert clause_vectors(rest, 0).sum() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0}, {"minutes": 0.0}, {"batch": 0}, {"rate": 0.0}, {"warmup": -1},
        {"average": 1.5}, {"clip": -1.0}, {"precision": "fp8"}, {"log_every": 0},
    ],
)  # fmt: skip
def test_a_run_that_cannot_be_is_refused_by_the_fields_name(wrong: dict[str, object]) -> None:
    with pytest.raises(AUFaceGenError, match=f"GeneratorRun: {next(iter(wrong))}="):
        GeneratorRun(**wrong)


def test_the_rate_rises_and_falls_over_the_run() -> None:
    run = GeneratorRun(steps=1000, warmup=100, rate=1.0, floor=0.1)
    rates = [run.rate_at(step, 0.0) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01, rel=1e-3)
    assert max(rates) == max(rates[90:110])
    assert rates[-1] == pytest.approx(0.1, rel=1e-2)
    timed = GeneratorRun(minutes=2.0)
    assert timed.progress(1, 60.0) == 0.5
    assert timed.progress(0, 500.0) == timed.progress(timed.steps, 0.0) == 1.0


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


def test_the_bank_holds_held_out_people_at_rest(
    corpus: Path, tokenizer_folder: Path, tmp_path: Path
) -> None:
    from auface_gen.generator.checkpoint import read_tensors
    from auface_gen.generator.legacy.people_bank import make_bank

    shutil.copytree(corpus / "train", corpus / "test")
    assert make_bank(corpus, tokenizer_folder, tmp_path / "people.safetensors", size=32) == 3
    assert read_tensors(tmp_path / "people.safetensors")["tokens"].shape == (3, 4, 4)
