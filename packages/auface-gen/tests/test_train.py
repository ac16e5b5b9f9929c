"""Training the generator: its data, its stages, and a run that is stopped and gone on with."""

import itertools
import json
import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from auface_gen.codings.mixture import draw_codings
from auface_gen.columns import COLUMNS
from auface_gen.errors import AUFaceGenError
from auface_gen.generator import train as train_module
from auface_gen.generator.alignment import contrastive, region_scores
from auface_gen.generator.batches import Dealer
from auface_gen.generator.checkpoint import read_folder
from auface_gen.generator.masked_tokens import NearCodes, mask_tokens, token_loss
from auface_gen.generator.model import Generator, GeneratorConfig
from auface_gen.generator.pictures import open_pictures
from auface_gen.generator.run import GeneratorRun
from auface_gen.generator.stages.align import as_told
from auface_gen.generator.starting import Start
from auface_gen.generator.token_set import TokenSet, encode_pictures
from auface_gen.generator.train import train_generator
from auface_gen.generator.views import seen_as
from auface_gen.generator.wording import asked, codes_of, contrasts, meant, meets, pairs_of, say
from facs_text import FacsTextError, parse, resolve
from facs_text.corpus import make_row, write_shards
from vq_tokenizer import load_checkpoint, save_checkpoint

QUIET = lambda line: None  # noqa: E731
SMALL = {
    "batch": 4, "align_batch": 4, "finetune_batch": 2, "warmup": 0, "floor": 1.0, "width": 16,
    "layers": 1, "text_width": 16, "text_layers": 1, "vocabulary": 20,
}  # fmt: skip


def darker(drawn: torch.Tensor, rest: torch.Tensor, codings: list) -> torch.Tensor:
    """Stands for a detector: wants pictures brighter than the person at rest."""
    assert drawn.shape == rest.shape
    assert len(codings) == len(drawn)
    return (rest - drawn).mean()


def train(corpus: Path, out: Path, tokenizer: Path, steps: int, resume: bool = False, **more):
    run = GeneratorRun(**{**SMALL, "steps": steps, **more})
    detector = darker if run.finetune else None
    train_generator(
        corpus, out, tokenizer=tokenizer, run=run, tokens=out.parent / "tokens",
        detector=detector, resume=resume, tell=QUIET,
    )  # fmt: skip
    return read_folder(out)[1]


class Killed(Exception):
    """Stands for a power cut."""


def test_a_run_killed_in_any_stage_and_resumed_gives_the_same_bits(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(corpus / "valid")  # nothing is measured, which would take most of the time
    stages = {"align": 0.5, "finetune": 0.25, "checkpoint_minutes": 0.0}
    whole = train(corpus, tmp_path / "whole", reference_tokenizer, 8, **stages)
    parts, original = tmp_path / "parts", train_module._losses
    for kill in (3, 5, 7):  # in align with regions, in masked, and in finetune

        def losses(work, dealer, learner, step, kill=kill):
            if step == kill:
                raise Killed
            return original(work, dealer, learner, step)

        monkeypatch.setattr(train_module, "_losses", losses)
        with pytest.raises(Killed):
            train(corpus, parts, reference_tokenizer, 8, resume=kill > 3, **stages)
    monkeypatch.setattr(train_module, "_losses", original)
    resumed = train(corpus, parts, reference_tokenizer, 8, resume=True, **stages)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)


@pytest.mark.parametrize("condition", ["numbers", "onehot"])
def test_arms_that_are_told_numbers_go_through_the_same_stages(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path, condition: str
) -> None:
    shutil.rmtree(corpus / "valid")
    stages = {"condition": condition, "resolved": False, "align": 0.5, "finetune": 0.25}
    trained = train(corpus, tmp_path / "out", reference_tokenizer, 4, **stages)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["model"]["condition"] == condition
    assert len(config["detectors"]) == 1  # what it was fine-tuned against cannot score it
    assert "condition.column" in trained


def test_each_stage_can_be_left_out_and_the_run_says_what_it_was(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    for align, finetune, stages in (
        (0.0, 0.0, ["masked"]),
        (1.0, 0.0, ["align"]),
        (0.0, 1.0, ["finetune"]),
        (0.5, 0.5, ["align", "finetune"]),
    ):
        run = GeneratorRun(steps=8, align=align, finetune=finetune)
        seen = [run.stage(step, 0.0)[0] for step in range(8)]
        assert list(dict.fromkeys(seen)) == stages
    train(corpus, tmp_path / "out", reference_tokenizer, 2, align=0.0)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["training"]["steps"] == config["result"]["step"] == 2
    assert config["kind"] == "words"
    assert len(config["shown"]) == len(COLUMNS)
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["run"]["align"] == 0.0
    assert record["tokenizer"] == config["tokenizer"]


def test_a_folder_is_not_overwritten_nor_resumed_with_other_settings(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    train(corpus, tmp_path / "out", reference_tokenizer, 1)
    with pytest.raises(AUFaceGenError, match="already holds a run"):
        train(corpus, tmp_path / "out", reference_tokenizer, 1)
    with pytest.raises(AUFaceGenError, match="another batch, align"):
        train(corpus, tmp_path / "out", reference_tokenizer, 2, resume=True, batch=2, align=0.9)
    state = tmp_path / "out" / "training.safetensors"
    state.write_bytes(state.read_bytes()[: state.stat().st_size // 2])
    with pytest.raises(AUFaceGenError, match=r"training.safetensors is not a whole"):
        train(corpus, tmp_path / "out", reference_tokenizer, 2, resume=True)


def test_a_run_can_begin_from_other_weights_and_fine_tuning_wants_a_detector(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    first = train(corpus, tmp_path / "first", reference_tokenizer, 1)
    run = GeneratorRun(**{**SMALL, "steps": 1, "rate": 1e-9, "align": 0.0})
    train_generator(
        corpus, tmp_path / "second", tokenizer=reference_tokenizer, run=run,
        tokens=tmp_path / "tokens", start=tmp_path / "first", tell=QUIET,
    )  # fmt: skip
    second = read_folder(tmp_path / "second")[1]
    torch.testing.assert_close(first, second, atol=1e-6, rtol=0)
    assert read_folder(tmp_path / "second")[0]["detectors"] == []
    config = json.loads((tmp_path / "first" / "config.json").read_text())
    config["detectors"] = ["training-1:0123"]
    (tmp_path / "first" / "config.json").write_text(json.dumps(config))
    train_generator(
        corpus, tmp_path / "third", tokenizer=reference_tokenizer, run=run,
        tokens=tmp_path / "tokens", start=tmp_path / "first", tell=QUIET,
    )  # fmt: skip
    # what pleased a detector once goes on pleasing it
    assert read_folder(tmp_path / "third")[0]["detectors"] == ["training-1:0123"]
    # and so does what a tokenizer that pleased one draws
    pleased = save_checkpoint(
        load_checkpoint(reference_tokenizer), tmp_path / "vq", train={"detectors": ["eyes:4567"]}
    )
    train_generator(
        corpus, tmp_path / "fourth", tokenizer=pleased, run=run,
        tokens=tmp_path / "tokens", start=tmp_path / "first", tell=QUIET,
    )  # fmt: skip
    assert read_folder(tmp_path / "fourth")[0]["detectors"] == ["training-1:0123", "eyes:4567"]
    with pytest.raises(AUFaceGenError, match=r"finetune=0.5 needs a detector"):
        train_generator(corpus, tmp_path / "x", run=GeneratorRun(finetune=0.5), tell=QUIET)


def test_a_contrast_of_a_coding_as_written_names_no_side_twice() -> None:
    rng = np.random.default_rng(0)
    for i, coding in enumerate(draw_codings(rng, 1000)):
        (wrong,) = contrasts(
            asked(str(coding), False, False), 1, detail="brief", seed=i, resolved=False
        )
        assert wrong.text


def test_words_can_be_taught_to_a_generator_whose_transformer_stays_as_it_is(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    first = train(corpus, tmp_path / "first", reference_tokenizer, 1)

    def taught(steps: int, *, resume: bool = False, rate: float = 1e-2) -> Path:
        more = {"steps": steps, "align": 0.0, "only_words": True, "rate": rate, "vocabulary": 40}
        return train_generator(
            corpus, tmp_path / f"second{rate}", tokenizer=reference_tokenizer,
            run=GeneratorRun(**{**SMALL, **more}), tokens=tmp_path / "tokens",
            start=tmp_path / "first", resume=resume, tell=QUIET,
        )  # fmt: skip

    second = read_folder(taught(2))[1]
    assert all(torch.equal(first[k], v) for k, v in second.items() if k.startswith("transformer."))
    assert not torch.equal(
        first["condition.encoder.near.weight"], second["condition.encoder.near.weight"]
    )
    record = read_folder(tmp_path / "second0.01")[0]["began_with"]
    assert record["result"]["step"] == 1
    assert len(record["weights"]) == 12
    # it knows more words, the old ones where they were, and went on from there
    words = [
        read_folder(tmp_path / name)[0]["model"]["encoder"]["vocabulary"]["words"]
        for name in ("first", "second0.01")
    ]
    assert words[1][: len(words[0])] == words[0]
    assert len(words[1]) > len(words[0])
    read_folder(taught(3, resume=True))
    # untrained, a new word says what an unknown word says
    model = Start.read(taught(1, rate=1e-12))
    old, new = (Start.read(tmp_path / "first"), model)
    texts = [f"The {words[1][-1]} brow rises.", "zyx"]
    heard = []
    for start in (old, new):
        config = GeneratorConfig.from_json(start.config["model"], "here")
        generator = Generator(config).eval()
        start.give(generator)
        heard.append(generator.hear(texts).states)
    torch.testing.assert_close(*heard, atol=1e-4, rtol=1e-4)
    with pytest.raises(AUFaceGenError, match="only_words needs a start"):
        train_generator(corpus, tmp_path / "x", run=GeneratorRun(only_words=True), tell=QUIET)


def test_fine_tuning_moves_the_picture_the_way_the_detector_wants(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    shutil.rmtree(corpus / "valid")
    said: list[str] = []
    run = GeneratorRun(
        **{
            **SMALL, "steps": 12, "align": 0.0, "finetune": 1.0, "finetune_rate": 1e-2,
            "detector": 1e4, "log_every": 1,
        }
    )  # fmt: skip
    train_generator(
        corpus, tmp_path / "out", tokenizer=reference_tokenizer, run=run, detector=darker,
        tell=said.append,
    )  # fmt: skip
    losses = [float(line.rsplit(" ", 1)[1]) for line in said if line.startswith("step")
              and "loss" in line]  # fmt: skip
    assert len(losses) == 12
    assert np.mean(losses[-4:]) < np.mean(losses[:4])


def test_broken_corpora_are_named(
    corpus: Path, reference_tokenizer: Path, tokenizer_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(AUFaceGenError, match="need a tokenizer with a reference"):
        train(corpus, tmp_path / "0", tokenizer_folder, 1)
    metadata = corpus / "train" / "metadata.jsonl"
    good = metadata.read_text()
    metadata.write_text(good + '{"file_name": 3\n')
    with pytest.raises(FacsTextError, match=r"metadata.jsonl, line 9"):
        train(corpus, tmp_path / "a", reference_tokenizer, 1)
    metadata.write_text(good)
    (corpus / "train" / "p1train" / "2.png").write_bytes(b"no picture")
    with pytest.raises(AUFaceGenError, match=r"2.png is not a picture"):
        train(corpus, tmp_path / "b", reference_tokenizer, 1)
    with pytest.raises(AUFaceGenError, match="nowhere.* is missing"):
        train(tmp_path / "nowhere", tmp_path / "c", reference_tokenizer, 1)
    assert not (tmp_path / "c").exists()


def test_pictures_without_a_person_at_rest_are_named(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    metadata = corpus / "train" / "metadata.jsonl"
    metadata.write_text(metadata.read_text().split("\n", 1)[1])  # the first is at rest
    with pytest.raises(AUFaceGenError, match=r"its neutral picture .* is not among the rows"):
        train(corpus, tmp_path / "a", reference_tokenizer, 1)


def encoded(corpus: Path, tokenizer: Path, folder: Path, said: list[str]) -> TokenSet:
    pictures = open_pictures(corpus, "train")
    return encode_pictures(pictures, load_checkpoint(tokenizer), folder, tell=said.append)


def test_a_corpus_is_encoded_once_and_anew_for_other_rows(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    first = encoded(corpus, reference_tokenizer, tmp_path, said)
    assert len(said) == 1
    assert first.tokens.shape == (8, 2, 4, 4)
    assert first.features.shape == (2, 2, 32, 4, 4)
    rest = [row.file_name == row.neutral for row in first.rows]
    assert (first.tokens[rest] == first.still).all()
    assert (first.tokens[[not r for r in rest]] != first.still).any()
    again = encoded(corpus, reference_tokenizer, tmp_path, said)
    assert len(said) == 1
    assert torch.equal(first.tokens, again.tokens)
    assert torch.equal(first.features, again.features)
    (tmp_path / "train-00000.safetensors").write_bytes(b"cut")
    encoded(corpus, reference_tokenizer, tmp_path, said)
    assert len(said) == 2
    metadata = corpus / "train" / "metadata.jsonl"
    metadata.write_text(metadata.read_text().rsplit("\n", 2)[0] + "\n")
    assert len(encoded(corpus, reference_tokenizer, tmp_path, said).rows) == 7
    assert len(said) == 3


def test_shards_give_the_tokens_of_the_folder_and_new_ones_cost_what_is_new(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    whole = encoded(corpus, reference_tokenizer, tmp_path / "a", [])
    shards = list(write_shards(corpus, tmp_path / "shards", per_shard=4))
    last = next(path for path in shards if path.name == "train-000001.tar")
    data, said = last.read_bytes(), []
    last.unlink()
    assert len(encoded(tmp_path / "shards", reference_tokenizer, tmp_path / "b", said).rows) == 4
    last.write_bytes(data)
    found = encoded(tmp_path / "shards", reference_tokenizer, tmp_path / "b", said)
    assert len(said) == 2
    assert (found.tokens == whole.tokens).float().mean() > 0.98  # other batches, other last bits
    torch.testing.assert_close(found.features, whole.features, atol=1e-2, rtol=1e-2)
    assert torch.equal(found.person, whole.person)


def test_tokens_of_the_mirror_image_are_those_of_mirrored_pictures(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    found = encoded(corpus, reference_tokenizer, tmp_path, [])
    row, pictures = found.rows[3], open_pictures(corpus, "train")
    x, rest = (pictures.at_rest(str(name))[None] for name in (row.file_name, row.neutral))
    tokens = load_checkpoint(reference_tokenizer).encode(x.flip(3), rest.flip(3))[0]
    assert (found.tokens[3, 1].long() == tokens).float().mean() > 0.9
    assert (found.tokens[3, 0].long() == tokens).float().mean() < 0.9


def test_a_person_and_all_their_pictures_are_seen_in_one_world(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    rest, other = torch.rand(2, 3, 32, 32)
    both = seen_as(torch.stack([rest, other]), 3, "p/0.png")
    alone = seen_as(rest[None], 3, "p/0.png")[0]
    torch.testing.assert_close(both[0], alone, atol=2e-3, rtol=0)
    assert torch.equal(both.flip(3), seen_as(torch.stack([rest, other]), 2, "p/0.png"))
    assert not torch.allclose(both[0], seen_as(rest[None], 3, "q/0.png")[0])
    assert not torch.allclose(both[0], seen_as(rest[None], 5, "p/0.png")[0])
    assert torch.equal(seen_as(rest[None], 0, "p/0.png")[0], rest)
    pictures, tokenizer = open_pictures(corpus, "train"), load_checkpoint(reference_tokenizer)
    found = encode_pictures(pictures, tokenizer, tmp_path, worlds=1, tell=QUIET)
    assert found.tokens.shape[1] == found.features.shape[1] == 4
    assert not torch.equal(found.features[:, 0], found.features[:, 2])


def test_pictures_are_also_told_from_another_of_the_person(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    tokenizer, pictures = load_checkpoint(reference_tokenizer), open_pictures(corpus, "train")
    found = encode_pictures(pictures, tokenizer, tmp_path, others=True, tell=QUIET)
    again = encode_pictures(pictures, tokenizer, tmp_path, others=True, tell=QUIET)
    plain = encode_pictures(pictures, tokenizer, tmp_path / "plain", tell=QUIET)
    assert found.tokens.shape == (8, 4, 4, 4)
    assert torch.equal(found.tokens, again.tokens)
    assert torch.equal(found.tokens[:, :2], plain.tokens)
    everyone = torch.arange(8)
    assert torch.equal(
        found.reference_features(everyone, everyone % 2),
        plain.reference_features(everyone, everyone % 2),
    )
    row = found.rows[3]
    x = pictures.at_rest(row.file_name)[None]
    mates = [r for r in found.rows if r.neutral == row.neutral and r is not row]
    features = found.reference_features(torch.tensor([3]), torch.tensor([2]))[0].float()
    grids = {}
    for mate in mates:
        other = pictures.at_rest(mate.file_name)[None]
        if torch.allclose(tokenizer.features(other).maps[-1][0], features, atol=2e-2, rtol=2e-2):
            grids[mate.file_name] = tokenizer.encode(x, other)[0]
    assert len(grids) == 1  # one picture of the person, and no other, is what it is told from
    (grid,) = grids.values()
    assert (found.tokens[3, 2].long() == grid).float().mean() > 0.9


def test_others_are_dealt_by_their_share_and_none_where_there_are_none(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    tokenizer, pictures = load_checkpoint(reference_tokenizer), open_pictures(corpus, "train")
    found = encode_pictures(pictures, tokenizer, tmp_path, others=True, tell=QUIET)
    plain = encode_pictures(pictures, tokenizer, tmp_path / "plain", tell=QUIET)
    half = [p.view for step in range(40) for p in Dealer(found, 0, others=0.5).deal(step, 32)]
    assert set(half) == {0, 1, 2, 3}
    assert 0.4 < np.mean(np.array(half) >= 2) < 0.6
    for data, share in ((found, 0.0), (plain, 0.5)):
        assert {p.view for p in Dealer(data, 0, others=share).deal(0, 64)} == {0, 1}


def test_a_run_told_from_others_resumes_to_the_same_bits(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    settings = {"other_reference": 0.5}
    whole = train(corpus, tmp_path / "a", reference_tokenizer, 4, **settings)
    train(corpus, tmp_path / "b", reference_tokenizer, 2, **settings)
    again = train(corpus, tmp_path / "b", reference_tokenizer, 4, resume=True, **settings)
    assert all(torch.equal(whole[k], again[k]) for k in whole)
    log = (tmp_path / "a" / "log.jsonl").read_text().splitlines()
    assert {"nats", "other_nats"} <= json.loads(log[-1])["held_out"].keys()


def test_a_run_begun_before_a_setting_was_there_had_it_as_usual() -> None:
    before = asdict(GeneratorRun(leave_out=("1+4",)))
    before["leave_out"] = ["1+4"]  # as JSON gives it back
    del before["other_reference"]
    assert GeneratorRun(leave_out=("1+4",)).changed(before) == []
    assert GeneratorRun(other_reference=0.5).changed(before) == ["leave_out", "other_reference"]


def test_pairs_that_are_left_out_are_trained_on_in_no_picture(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    metadata = corpus / "train" / "metadata.jsonl"
    rows = [json.loads(line) for line in metadata.read_text().splitlines()]
    rows[1] |= {"requested": "12C+15B"}
    metadata.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = encoded(corpus, reference_tokenizer, tmp_path, [])
    assert len(train_module._kept(found, ()).rows) == 8
    assert len(train_module._kept(found, ("12+15",)).rows) == 7
    assert len(train_module._kept(found, ("1+15",)).rows) == 8
    with pytest.raises(AUFaceGenError, match="leaves no picture"):
        train_module._kept(found.take([1]), ("12+15",))


def test_steps_deal_every_picture_both_ways_and_depend_on_nothing_else(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    found = encoded(corpus, reference_tokenizer, tmp_path, [])
    dealer = Dealer(found, 5)
    steps = [dealer.deal(step, 4) for step in range(64)]
    assert Dealer(found, 5).deal(37, 4) == steps[37]
    assert Dealer(found, 6).deal(37, 4) != steps[37]
    seen = Counter((p.row, p.view) for picks in steps for p in picks)
    assert set(seen) == {(row, view) for row in range(8) for view in range(2)}
    details = Counter(p.detail for picks in steps for p in picks)
    assert details["full"] > details["brief"] > 0
    assert details["clinical"] > 0


@pytest.mark.parametrize("detail", ["full", "brief", "prompt", "clinical"])
@pytest.mark.parametrize("loose", [False, True])
def test_parts_of_a_text_are_about_what_is_asked(detail: str, loose: bool) -> None:
    for codes in ("6C+12D+L1B", "4C+L10B", "0", "12D+15C", "1A+26D+43E"):
        for seed in range(4):
            said = say(resolve(codes), detail=detail, seed=seed, loose=loose)
            union = np.max([p.columns for p in said.parts], 0)
            assert (union <= said.columns).all()
            if detail != "prompt":
                np.testing.assert_array_equal(union, said.columns)
            ends = sorted((p.begin, p.end) for p in said.parts)
            assert all(a[1] <= b[0] for a, b in itertools.pairwise(ends))
            assert ends[-1][1] <= len(said.text)


def test_words_mean_what_their_clause_is_about() -> None:
    said = say(resolve("1C+26D"))
    words = [(p.begin, p.begin + 1) for p in said.parts] + [(len(said.text) - 1, len(said.text))]
    found = meant([said], [words], 4)
    for i, part in enumerate(said.parts):
        assert torch.equal(found[0, i], torch.from_numpy((part.columns > 0).astype(np.float32)))
    assert found[0, -1].sum() == 0


def test_mirrored_and_unresolved_requests_are_what_they_say() -> None:
    assert asked("L12C", True, True) == resolve("R12C")
    assert asked("12D+15D", False, True) == resolve("12D+15D")
    assert asked("12D+15D", False, False) == resolve("12D+15D", "off")
    assert say(asked("12D+15D", False, False)).columns.max() == pytest.approx(0.8)


def test_contrasts_ask_for_something_else() -> None:
    right = resolve("6C+12D")
    for seed in range(6):
        (wrong,) = contrasts(right, 1, detail="brief", seed=seed)
        assert np.abs(wrong.columns - say(right).columns).max() > 0.01
    assert len(contrasts(right, 4, detail="full", seed=0)) == 4


def test_contrasts_never_name_a_pair_that_is_kept_out_of_training() -> None:
    right, pairs = resolve("1C+2C+12D"), pairs_of(["1+4", "12+15", "12+24"])

    def named(apart: tuple[frozenset[str], ...]) -> list[bool]:
        told = [contrasts(right, 1, detail="full", seed=s, apart=apart) for s in range(300)]
        assert all(len(some) == 1 for some in told)
        there = [{c[0][2:] for c, v in zip(COLUMNS, t[0].columns, strict=True) if v} for t in told]
        return [any(pair <= units for pair in pairs) for units in there]

    assert any(named(()))
    assert not any(named(pairs))
    assert meets(parse("1C+4C"), pairs)
    assert meets(parse("28C"), pairs_of(["26+28"]))  # as it stands: 28 lowers the jaw
    assert not meets(parse("1C+2C"), pairs)


def test_contrasts_of_an_unresolved_coding_are_said_as_they_are_written() -> None:
    written = asked("12D+15D", False, False)
    changed = [
        contrasts(written, 1, detail="full", seed=seed, resolved=False)[0].columns
        - say(written).columns
        for seed in range(40)
    ]
    units = [{COLUMNS[i][0] for i in np.abs(change).nonzero()[0]} for change in changed]
    assert all(len(some) <= 2 for some in units)  # one unit, or one for another
    assert sum(map(bool, units)) > 30  # some are of units that no column shows
    held = say(resolve("12D+15D")).columns - say(written).columns
    assert not any(np.allclose(change[held < 0], held[held < 0]) for change in changed)


def test_an_arm_told_presence_alone_is_not_wrong_about_levels() -> None:
    levels = torch.tensor([[0.0, 0.4], [0.0, 0.8]])
    for condition, same in (("onehot", True), ("numbers", False), ("text", False)):
        generator = SimpleNamespace(config=SimpleNamespace(condition=condition))
        told = as_told(SimpleNamespace(generator=generator), levels)
        assert torch.equal(told[0], told[1]) == same


def test_contrastive_loss_is_info_nce_and_several_may_be_right() -> None:
    scores = torch.randn(5, 7)
    one = torch.eye(5, 7, dtype=torch.bool)
    expected = torch.nn.functional.cross_entropy(scores, torch.arange(5))
    torch.testing.assert_close(contrastive(scores, one), expected)
    assert contrastive(scores, torch.ones(5, 7, dtype=torch.bool)) == pytest.approx(0, abs=1e-6)
    none = one.clone()
    none[2:] = False
    expected = torch.nn.functional.cross_entropy(scores[:2], torch.arange(2))
    torch.testing.assert_close(contrastive(scores, none), expected)
    assert contrastive(scores, torch.zeros(5, 7, dtype=torch.bool)) == 0


def test_faces_at_rest_alone_can_be_aligned(
    corpus: Path, reference_tokenizer: Path, tmp_path: Path
) -> None:
    """No clause is about a unit then; every part has its gradient all the same."""
    rest = '"codes": "0"'
    metadata = corpus / "train" / "metadata.jsonl"
    lines = [line for line in metadata.read_text().splitlines() if rest in line]
    metadata.write_text("".join(line + "\n" for line in lines))
    shutil.rmtree(corpus / "valid")
    trained = train(corpus, tmp_path / "out", reference_tokenizer, 2, align=1.0, regions=0.0)
    assert all(tensor.isfinite().all() for tensor in trained.values())


def test_a_clause_is_looked_for_in_its_region() -> None:
    clause = torch.nn.functional.normalize(torch.randn(1, 8), dim=-1)
    cells = torch.zeros(2, 4, 8)
    cells[0, 1] = cells[1, 2] = clause[0]  # alike, but the second one elsewhere
    where = torch.tensor([[0.0, 1.0, 0.0, 0.0]])
    first, second = region_scores(clause, cells, where)[0]
    assert first > second > 0


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
    logits, target = torch.randn(6, 20), torch.randint(1, 20, (6,))
    near = NearCodes(torch.rand(20, 3))
    plain = token_loss(logits, target, still=0, near=near, moved_weight=1.0, soften=0.0)
    torch.testing.assert_close(plain, torch.nn.functional.cross_entropy(logits, target))
    soft = token_loss(logits, target, still=0, near=near, moved_weight=1.0, soften=0.5)
    goal = 0.5 * torch.nn.functional.one_hot(target, 20).float()
    goal.scatter_add_(1, near.codes[target], 0.5 * near.share[target])
    torch.testing.assert_close(soft, torch.nn.functional.cross_entropy(logits, goal))
    assert (near.codes != torch.arange(20)[:, None]).all()
    torch.testing.assert_close(near.share.sum(1), torch.ones(20))


def test_a_token_that_says_something_weighs_more() -> None:
    logits, target = torch.zeros(2, 4), torch.tensor([0, 1])
    logits[0, 1:] = 5.0  # wrong where nothing changes
    near = NearCodes(torch.rand(4, 2))
    light, heavy = (
        token_loss(logits, target, still=0, near=near, moved_weight=w, soften=0.0)
        for w in (1.0, 9.0)
    )
    assert heavy < light


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0}, {"minutes": 0.0}, {"batch": 0}, {"rate": 0.0}, {"warmup": -1},
        {"average": 1.5}, {"clip": -1.0}, {"precision": "fp8"}, {"log_every": 0},
        {"align": 1.5}, {"accumulate": 0}, {"condition": "music"}, {"moved_weight": -1.0},
    ],
)  # fmt: skip
def test_a_run_that_cannot_be_is_refused_by_the_fields_name(wrong: dict[str, object]) -> None:
    with pytest.raises(AUFaceGenError, match=f"GeneratorRun: {next(iter(wrong))}="):
        GeneratorRun(**wrong)


def test_the_rate_rises_and_falls_in_each_stage() -> None:
    run = GeneratorRun(
        steps=1000, warmup=10, rate=1.0, floor=0.1, align=0.3, finetune=0.2, finetune_rate=0.5
    )
    began: dict[str, int] = {}
    rates: dict[str, list[float]] = {}
    for step in range(1000):
        stage, share = run.stage(step, 0.0)
        first = began.setdefault(stage, step)
        rates.setdefault(stage, []).append(run.rate_of(stage, step - first, share))
    assert {k: len(v) for k, v in rates.items()} == {"align": 300, "masked": 500, "finetune": 200}
    for stage, highest in (("align", 1.0), ("masked", 1.0), ("finetune", 0.5)):
        assert rates[stage][0] == pytest.approx(highest / 10, rel=1e-2)
        assert max(rates[stage]) == max(rates[stage][8:14])
        assert rates[stage][-1] == pytest.approx(highest / 10, rel=5e-2)
    timed = GeneratorRun(minutes=2.0)
    assert timed.progress(1, 60.0) == 0.5
    assert timed.stage(1, 500.0)[0] == "masked"


def test_rows_say_what_was_asked_or_else_what_stands() -> None:
    row = make_row("1.png", "6C+12D", subject="p", source="made up")
    assert codes_of(row) == "6C+12D"
