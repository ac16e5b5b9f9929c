"""The scripts that measure generators, on tiny models with random weights: that each runs whole,
and that what it says of pictures and of differences is right where the answer is known.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from aaad import aaad, targets
from aaad.identity import IdentityConfig, IdentityNet
from aaad.identity.predict import FORMAT
from aaad.learning.files import write_model
from auface_gen.codings.mixture import marked_conflicts
from auface_gen.columns import COLUMNS
from auface_gen.generator.checkpoint import write_folder, write_json
from auface_gen.generator.model import Generator, GeneratorConfig
from auface_gen.generator.text_encoder import WordEncoderConfig
from auface_gen.generator.transformer import TransformerConfig
from auface_gen.generator.words import Vocabulary
from auface_gen.model_card import model_card, read_figures
from facs_text import parse
from facs_text.corpus import CorpusWriter, make_row
from vq_tokenizer import Tokenizer, TokenizerConfig, load_checkpoint, save_checkpoint

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SIDE = 32
CODES = ("12C", "12E", "1D", "4B", "28C", "1C+4D", "12D+15C", "10C+24D", "5C+7D", "L12D", "5B+12D",
         "26C", "1B+2C", "1D+4B", "12B+15D", "17C")  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer with a reference, 4 x 4 tokens; its random weights say something."""
    folder = tmp_path_factory.mktemp("tokenizer")
    model = Tokenizer(TokenizerConfig.preset("tiny-reference", quantizer="fsq", fsq_levels=(8, 5)))
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    save_checkpoint(model, folder)
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Coloured noise of 2 people to train and 3 to test, asked for CODES as a real corpus is."""
    root, rng = tmp_path_factory.mktemp("corpora") / "tiny", np.random.default_rng(0)
    folds = [["1+4", "12+15", "10+24", "5+7"], ["2+4"]]
    about = {"held_out_pairs": ["5+12"], "conflict_folds": folds}
    with CorpusWriter(root, source="noise", licence="free", about=about) as out:
        for split, people in (("train", 2), ("test", 3)):
            for who in (f"{split}{n}" for n in range(people)):
                base = rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8)
                (out.folder(split) / who).mkdir()
                for i, codes in enumerate(("0", *CODES)):
                    if split == "train" and codes == "5B+12D":
                        continue
                    picture = base.copy()
                    if i:
                        picture[2 * (i - 1) : 2 * i] = 15 * i
                    Image.fromarray(picture).save(out.folder(split) / who / f"{i:02}.png")
                    row = make_row(
                        f"{who}/{i:02}.png",
                        codes,
                        subject=who,
                        source="noise",
                        neutral=f"{who}/00.png",
                    )
                    points = np.tile([8.0, 8.0], (68, 1)) + np.arange(68)[:, None] / 5
                    extra = {
                        "requested": codes,
                        "kind": "neutral" if not i else "random",
                        "marked_conflicts": marked_conflicts(parse(codes)),
                        "landmarks": points.tolist(),
                    }
                    out.add(replace(row, extra={**row.extra, **extra}), split)
    return root


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, tokenizer: Path) -> Path:
    """A whole model folder of the kind that is told words, with four people."""
    root = tmp_path_factory.mktemp("words")
    vq = load_checkpoint(tokenizer)
    save_checkpoint(vq, root / "tokenizer")
    config = GeneratorConfig(
        encoder=WordEncoderConfig(Vocabulary.of(["the jaw drops"]), width=16, layers=1, heads=2),
        transformer=TransformerConfig(
            grid=4, num_codes=vq.codebook.shape[0], code_dim=vq.codebook.shape[1], text_width=16,
            heads=2, still=vq.still_token, reference_width=32, width=32, layers=1, hidden=48,
            token_width=16,
        ),
    )  # fmt: skip
    torch.manual_seed(2)
    generator = Generator(config, vq.codebook, torch.rand(len(COLUMNS), 2, 2))
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    about = {"kind": "words", "model": config.to_json(), "shown": [True] * len(COLUMNS)}
    about |= {"size": SIDE, "detectors": ["pleased:00"]}
    write_folder(root / "generator", about, generator.state_dict())
    (root / "people").mkdir()
    rng = np.random.default_rng(0)
    for i in range(4):
        pixels = rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8)
        Image.fromarray(pixels).save(root / "people" / f"{i}.webp")
    names = [{"file": f"{i}.webp", "subject": f"p{i}", "split": "test"} for i in range(4)]
    write_json(root / "people" / "people.json", names)
    return root


@pytest.fixture(scope="module")
def who(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An identity network with random weights."""
    folder, config = tmp_path_factory.mktemp("identity"), IdentityConfig(size=32, width=8)
    torch.manual_seed(0)
    about = {"format": FORMAT, "id": "tiny", "model": config.to_json()}
    write_model(IdentityNet(config), folder, about)
    return folder


def script(name: str) -> ModuleType:
    """A benchmark as a module, and what it shares with others beside it."""
    if str(BENCHMARKS) not in sys.path:
        sys.path.insert(0, str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found
    spec.loader.exec_module(found)
    return found


def run(name: str, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> ModuleType:
    """Run a script with arguments."""
    found = script(name)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
    found.run_main(found.main)
    return found


def test_what_a_generator_draws_is_measured_part_by_part(
    model: Path, corpus: Path, eyes: Path, who: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    out = tmp_path / "words.json"
    same = (model, corpus, "--detector", eyes, "--identity", who, "--out", out, "--min-count", 2)
    run("generator_words", monkeypatch, *same, "--truth", "--conflicts", "--people", 3)
    found = json.loads(out.read_text())
    truth = found["truth"]
    assert truth["pictures"] == 3 * len(CODES)
    assert truth["pixels"]["copy"]["psnr"] > truth["pixels"]["copy"]["psnr_moved"]
    for name in ("renders", "tokenizer", "drawn"):
        assert truth["scores"][name]["aaad"] is not None
        assert truth["scores"][name]["marked"]["pictures"] == 3 * 6
    assert truth["identity"]["drawn"]["people"] == 3
    pairs = found["conflicts"]["pairs"]
    assert pairs["1+4"]["pictures"] == 6
    assert pairs["5+12"]["kind"] == "held_out"
    assert pairs["2+4"]["pictures"] == 0
    run("generator_words", monkeypatch, *same, "--levels", "--few", 1)
    found = json.loads(out.read_text())
    assert found["truth"] == truth  # what was measured before is kept
    assert found["levels"]["of"] >= 20
    assert len(found["levels"]["units"]["AU12"]["seen"]) == 5
    run("generator_words", monkeypatch, *same, "--moving", "--people", 2)
    found = json.loads(out.read_text())
    assert found["truth"] == truth
    moving = found["moving"]
    assert moving["pictures"] == 2 * len(CODES)
    assert moving["copy"]["aaad"] is not None
    assert moving["copy"]["psnr"] > moving["copy"]["psnr_moved"]
    assert moving["brought_to_rest"]["levels_seen"] >= 0
    scoring = script("generator_words")
    assert scoring.slope(np.array([1.0, 2, 3]), np.array([0.5, 1, 1.5])) == pytest.approx(0.5)


def test_wording_that_was_never_trained_is_measured_beside_codes(
    corpus: Path, model: Path, eyes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "wording.json"
    run(
        "generator_wording", monkeypatch, corpus, model, "--detector", eyes, "--min-count", 1,
        "--pictures", 20, "--out", out,
    )  # fmt: skip
    report = json.loads(out.read_text())
    (found,) = report["models"].values()
    assert found["codes"]["ci95"][0] <= found["codes"]["aaad"] <= found["codes"]["ci95"][1]
    for name in ("paraphrases", "sentences"):
        difference = found[name]["aaad"] - found["codes"]["aaad"]
        assert found[name]["above_codes"]["difference"] == pytest.approx(difference, abs=1e-6)
        assert found[name]["novelty"]["unknown_words"] > 0.5  # the model knows three words
    assert len(report["examples"]["sentences"]) == 3


def test_what_was_measured_goes_into_the_card(
    model: Path, corpus: Path, eyes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    words, wording, say, out = (
        tmp_path / f"{name}.json" for name in ("words", "wording", "say", "figures")
    )
    same = ("--detector", eyes, "--min-count", 1)
    run(
        "generator_words", monkeypatch, model, corpus, *same, "--truth", "--moving", "--people", 3,
        "--out", words,
    )  # fmt: skip
    run("generator_wording", monkeypatch, corpus, model, *same, "--pictures", 20, "--out", wording)
    say.write_text(json.dumps({"data": ["Made up."], "limits": ["Small."]}))
    card = ("--words", words, "--wording", wording, "--say", say, "--out", out)
    run("generator_card", monkeypatch, *card)
    text = model_card(model, read_figures(out))
    truth = json.loads(words.read_text())["truth"]["scores"]
    assert f"| AAAD, version 2 |  | {truth['drawn']['aaad']:.3g} |" in text
    assert "drawn from another picture of the person" in text
    assert "in everyday paraphrases" in text
    assert "- Small." in text
    other = json.loads(wording.read_text())
    for one in other["models"].values():
        one["digest"] = "another"
    wording.write_text(json.dumps(other))
    with pytest.raises(SystemExit) as left:
        run("generator_card", monkeypatch, *card)
    assert left.value.code == 2
    assert "measured another" in capsys.readouterr().err


def test_the_cheapest_sampling_that_loses_nothing_is_named(
    model: Path, corpus: Path, eyes: Path, tmp_path: Path, monkeypatch
) -> None:
    out = tmp_path / "words.json"
    found = script("generator_words")
    monkeypatch.setattr(found, "STEPS", (1, 2))
    monkeypatch.setattr(found, "GUIDANCE", (1.0, 2.0))
    arguments = [model, corpus, "--detector", eyes, "--sampling", "--min-count", 2, "--out", out]
    monkeypatch.setattr(sys, "argv", ["x", *map(str, arguments)])
    found.main()
    value = json.loads(out.read_text())["sampling"]
    settings = value["settings"]
    assert [one["passes"] for one in settings.values()] == [1, 2, 2, 4]
    assert settings[value["best"]]["below_best"]["difference"] == 0
    assert settings[value["enough"]]["passes"] <= settings[value["best"]]["passes"]


def test_figures_of_pictures_are_what_they_say() -> None:
    shared = script("held_out_people")
    black = np.zeros((2, 4, 4, 3), np.uint8)
    other = black.copy()
    other[0, 0] = 51  # a fifth of white on a quarter of the pixels
    where = shared.moved(other, black)
    assert where.sum() == 4
    whole, there = shared.decibels(black, other), shared.decibels(black, other, where)
    assert there[0] == pytest.approx(20 * np.log10(5), abs=1e-3)
    assert whole[0] - there[0] == pytest.approx(10 * np.log10(4), abs=1e-3)
    assert np.isnan(there[1])


def test_a_detector_that_was_pleased_may_not_score_and_bad_input_ends_with_2(
    model: Path, corpus: Path, eyes: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    config = model / "generator" / "config.json"
    before = config.read_text()
    config.write_text(before.replace('"pleased:00"', '"tiny"'))
    try:
        with pytest.raises(SystemExit) as left:
            run("generator_words", monkeypatch, model, corpus, "--detector", eyes)
    finally:
        config.write_text(before)
    assert left.value.code == 2
    assert "cannot score" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        run("generator_words", monkeypatch, model, tmp_path / "nowhere", "--detector", eyes)
    assert left.value.code == 2


def test_sheets_are_drawn_and_what_is_missing_is_said(
    model: Path, corpus: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    found = script("generator_sheets")
    for name, few in (("UNITS", ("1", "12")), ("SWEPT", ("12",)), ("TRIPLES", ("6D+12D+25C",)),
                      ("SENTENCES", ("she smiles at the bananas",))):  # fmt: skip
        monkeypatch.setattr(found, name, few)
    nobody = tmp_path / "nobody.png"
    Image.new("RGB", (64, 64), "grey").save(nobody)
    out, report = tmp_path / "sheets", tmp_path / "sheets.json"
    arguments = [model, corpus, out, "--people", 2, "--photograph", nobody, "--out", report]
    monkeypatch.setattr(sys, "argv", ["x", *map(str, arguments)])
    found.main()
    assert {p.name for p in out.glob("*.png")} == {
        "units.png", "levels.png", "conflicts.png", "triples.png", "words.png",
    }  # fmt: skip
    value = json.loads(report.read_text())
    counts = {name: value[name]["pictures"] for name in ("units", "levels", "conflicts", "words")}
    assert counts == {"units": 4, "levels": 5, "conflicts": 4, "words": 2}
    said = capsys.readouterr().out
    assert "photograph.png left out: " in said
    assert "bananas" in said


def test_arms_are_trained_once_and_compared(
    corpus: Path, tokenizer: Path, eyes: Path, who: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    script("paradigm")
    monkeypatch.setattr(sys.modules["paradigm_wording"], "TRAINED", 3)
    arms = tmp_path / "arms"
    small = ("batch=4", "align_batch=4", "width=16", "layers=1", "text_width=16", "text_layers=1",
             "vocabulary=3", "worlds=0", "align=0.5", "regions=0.0")  # fmt: skip
    common = (corpus, arms, "--tokenizer", tokenizer, "--seeds", "0,1")
    chosen = ("--arms", "text-resolved,onehot")
    more = [part for one in small for part in ("--set", one)]
    train = ("paradigm", monkeypatch, "train", *common, *chosen, "--steps", 2, *more)
    run(*train)
    capsys.readouterr()
    run(*train)
    assert capsys.readouterr().out.count("stands") == 4
    told = json.loads((arms / "fold0-seed1" / "onehot" / "config.json").read_text())
    assert told["training"]["leave_out"] == ["1+4", "12+15", "10+24", "5+7"]
    assert told["pictures"] == 2 * (1 + len(CODES) - 1 - 6)  # none of a left-out pair
    assert (arms / "tokens").is_dir()

    twin = tmp_path / "twin"
    with CorpusWriter(twin, source="noise", licence="free") as out:
        for name in (f"test{n}/{i:02}.png" for n in range(3) for i in (6, 7, 8, 9)):
            (out.folder("test") / name).parent.mkdir(exist_ok=True)
            Image.new("RGB", (SIDE, SIDE), "red").save(out.folder("test") / name)
            row = make_row(name, CODES[int(name[6:8]) - 1], subject=name[:5], source="noise")
            out.add(row, "test")
    report = tmp_path / "paradigm.json"
    run("paradigm", monkeypatch, "measure", *common, "--twin", twin, "--detector", eyes,
        "--identity", who, "--min-count", 1, "--sampling-steps", 1, "--out", report)  # fmt: skip
    found = json.loads(report.read_text())
    assert found["pictures"] == {
        "all": 48, "left_out": 18, "composition": 3, "conflict": 0, "implied": 6, "none": 21,
    }  # fmt: skip
    assert found["seeds"] == {"text-resolved": [0, 1], "onehot": [0, 1]}
    tests = found["contrasts"]
    assert {one["contrast"] for one in tests} == {"text-resolved - onehot"}
    primary = [one for one in tests if one["primary"]]
    assert {one["outcome"] for one in primary} == {"aaad", "conflict", "moved_error"}
    for one in primary:
        assert set(one["variance"]) == {"people", "pairs", "seeds"}
        assert one["ci95"][0] <= one["value"] <= one["ci95"][1]
        assert one["p"] <= one["p_holm"] <= 1
    assert found["ceiling"]["renders"]["left_out"]["moved_error"] < 0.01
    assert found["ceiling"]["renders"]["all"]["landmark_error"] == 0
    assert found["arms"]["onehot"]["all"]["landmark_error"]["mean"] > 0
    assert found["ceiling"]["renders"]["left_out"]["moved_error_raw_truth"] > 0.1
    words = found["wording_never_trained"]
    assert words["pictures"] > 0
    assert words["novelty"]["new_runs_of_three"] > 0.5
    assert set(words["aaad"]) == {"text-resolved", "onehot"}


def test_terms_of_the_scores_are_those_of_the_metric() -> None:
    statistics = script("paradigm_statistics")
    rng = np.random.default_rng(0)
    asked = [parse(c) for c in CODES]
    wanted = targets(asked)
    pred = 0.6 * wanted + 0.4 * rng.dirichlet(np.ones(6), wanted.shape[:2])
    scores = aaad(pred, wanted, codings=asked, min_count=1).counterfactuals
    for name, terms in (
        ("conflict", statistics.conflict_terms(pred, wanted, asked)),
        ("side", statistics.side_terms(pred, wanted)),
    ):
        assert statistics.ratio(terms) == pytest.approx(scores[name].value, abs=1e-9)


def test_intervals_hold_and_corrections_are_holms() -> None:
    """Of simulated differences with people, pairs and seeds that differ, at least 95% of intervals
    hold the truth, 0; and they are not so wide as to hold everything.
    """
    statistics = script("paradigm_statistics")
    rng, held, widths = np.random.default_rng(1), [], []
    people = [str(p) for p in range(12) for _ in range(8)]
    pairs = [str(q) for _ in range(12) for q in range(8)]
    for _ in range(200):
        arms = []
        for _ in range(2):
            p, q, noise = rng.normal(size=12), rng.normal(size=8), rng.normal(size=(2, 96))
            shift = rng.normal(size=(2, 1)) * 0.3
            rows = np.repeat(p, 8) * 0.5 + np.tile(q, 12) * 0.5 + noise + shift
            arms.append(rows)
        means = np.array([rows.mean(1) for rows in arms])
        keep = np.arange(96)
        gone = [
            statistics.leave_outs(lambda k, r=rows: float(r[:, k].mean()), [people, pairs], keep)
            for rows in arms
        ]
        without = {"people": gone[0][0] - gone[1][0], "pairs": gone[0][1] - gone[1][1]}
        other = rng.normal(size=(3, 2)) * 0.3  # further arms, which tell more of seeds
        seeds = statistics.seed_variance(np.concatenate([means, other]))
        found = statistics.difference(means[0] - means[1], without, seeds)
        held.append(found.ci95[0] <= 0 <= found.ci95[1])
        widths.append(found.ci95[1] - found.ci95[0])
    assert np.mean(held) >= 0.93
    assert np.median(widths) < 3
    assert statistics.holm([0.01, 0.04, 0.03, float("nan")])[:3] == pytest.approx(
        [0.03, 0.06, 0.06]
    )
    one_seed = statistics.difference(np.array([0.5]), without, (float("nan"), 0))
    assert set(one_seed.variance) == {"people", "pairs"}


def test_blurred_pictures_can_be_told_apart_and_equal_ones_cannot() -> None:
    statistics = script("paradigm_statistics")
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 255, (60, 16, 16, 3), np.uint8)
    again = rng.integers(0, 255, (60, 16, 16, 3), np.uint8)
    soft = (crops.astype(int) + np.roll(crops, 1, 2) + np.roll(crops, 1, 1)) // 3
    people = [str(i // 10) for i in range(60)]
    sharp = statistics.descriptor(crops)
    apart = statistics.separability(sharp, statistics.descriptor(soft.astype(np.uint8)), people)
    alike = statistics.separability(sharp, statistics.descriptor(again), people)
    assert np.mean(list(apart.values())) > 0.99
    assert 0.25 < np.mean(list(alike.values())) < 0.75


def test_sentences_of_unseen_wording_are_about_what_was_asked() -> None:
    wording = script("unseen_wording")
    told = wording.reworded(parse("L12D+26B"), 0)
    assert told is None  # anatomy adds parted lips: not a coding that stands as it is
    told = wording.reworded(parse("L12D+43B"), 0)
    assert "on" in told
    assert "left, a whole lot" in told
    assert "dozing" in told or "shuts" in told
    assert wording.reworded(parse("12D+15D"), 0) is None
    assert wording.novelty(["the jaw drops"], ["the jaw drops"], {"the", "jaw"}) == {
        "unknown_words": pytest.approx(1 / 3),
        "new_runs_of_three": 0.0,
    }


def test_kinds_of_codings_by_what_anatomy_does(monkeypatch) -> None:
    script("paradigm")
    kind = sys.modules["paradigm_truth"].kind_of
    assert [kind(parse(c)) for c in ("12C", "26C", "12D+15C")] == ["none", "implied", "conflict"]
