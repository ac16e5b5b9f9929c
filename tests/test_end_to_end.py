"""The whole path with tiny models: codes in, pictures, a score, a page."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from aaad import COLUMNS
from aaad.detector import Detector
from auface_cli.commands.demo import CODINGS
from facs_text import parse, resolve
from facs_text.corpus import CorpusWriter, make_row
from vq_tokenizer import Tokenizer, TokenizerConfig, save_checkpoint
from vq_tokenizer.tokenizer.checkpoint import detectors_of

SIZE = 64


def test_generate_writes_what_score_reads(auface, model, eyes, tmp_path):
    out = tmp_path / "faces"
    for codes in ("0", "12D", "6C+12D", "4D", "L12D", "4B"):
        args = ("--out", out / f"{codes}.png", "--identity-seed", 3, "--model", model)
        outcome = auface("generate", codes, *args, "--steps", 2)
        assert outcome.status == 0, outcome.err
    with Image.open(out / "L12D.png") as image:
        assert image.size == (SIZE, SIZE)
        assert image.info["auface:codes"] == "L12D"
        assert "left" in image.info["auface:text"]
    scored = auface("score", out, "--detector", eyes, "--min-count", 1, "--json", "--images")
    assert scored.status == 0, scored.err
    value = json.loads(scored.out)
    assert {"aaad", "chance", "ci95", "n", "per_au", "images", "controls"} <= set(value)
    assert value["n"] == 5  # the face at rest is the reference
    assert [image["codes"] for image in value["images"]] == ["12D", "4B", "4D", "6C+12D", "L12D"]
    assert value["ci95"] == [None, None]  # one person
    assert value["controls"]["oracle"] == pytest.approx(1.0)
    again = auface("score", *sorted(out.iterdir()), "--detector", eyes, "--min-count", 1, "--json")
    assert json.loads(again.out)["aaad"] == value["aaad"]


def test_the_same_request_gives_the_same_picture(auface, model, tmp_path):
    args = ("--identity-seed", 1, "--seed", 5, "--model", model, "--steps", 2)
    for name in ("a.png", "b.png"):
        assert auface("generate", "12D", "--out", tmp_path / name, *args).status == 0
    a, b = (np.asarray(Image.open(tmp_path / name)) for name in ("a.png", "b.png"))
    assert np.array_equal(a, b)


def test_many_pictures_into_a_folder_as_json(auface, model, tmp_path):
    out = tmp_path / "many"
    args = ("--out", out, "--count", 3, "--model", model, "--steps", 1, "--json")
    lines = auface("generate", "the left lip corner is drawn mildly up and back", *args).out
    values = [json.loads(line) for line in lines.splitlines()]
    assert [value["seed"] for value in values] == [0, 1, 2]
    assert {value["codes"] for value in values} == {"L12B"}
    assert len(list(out.glob("*.png"))) == 3


def test_the_demo_writes_everything_and_can_be_scored_again(auface, model, eyes, tmp_path):
    out = tmp_path / "demo"
    outcome = auface("demo", "--out", out, "--model", model, "--detector", eyes)
    assert outcome.status == 0, outcome.err
    assert outcome.out.startswith("AAAD")
    assert len(CODINGS) == 13
    assert len(list((out / "images").glob("*.png"))) == 26
    for name in ("index.html", "sheet.png", "texts.txt", "score.json", "per_image.jsonl"):
        assert (out / name).stat().st_size > 0
    page = (out / "index.html").read_text()
    assert page.count("data:image/png;base64,") == 24
    assert (out / "texts.txt").read_text().count("\n") == 26
    again = auface("score", out, "--detector", eyes, "--json", "--html", tmp_path / "p.html")
    value, first = json.loads(again.out), json.loads((out / "score.json").read_text())
    assert value["aaad"] == first["aaad"]
    assert value["n"] == 24
    assert value["subjects"] == 2
    assert (tmp_path / "p.html").is_file()
    assert not list(out.rglob("*.part*"))
    assert {"side", "level", "conflict", "unit"} == set(value["counterfactuals"])
    # In parts, as an array of jobs does it, and put together: the same bits.
    for k in (1, 2, 3):
        args = ("--detector", eyes, "--part", f"{k}/3", "--out", tmp_path / f"{k}.npz")
        assert auface("score", out, *args).status == 0
    merged = auface("score", "--merge", *(tmp_path / f"{k}.npz" for k in (3, 1, 2)), "--json")
    assert json.loads(merged.out) == value
    versus = auface("score", out, "--detector", eyes, "--against", out, "--json")
    assert json.loads(versus.out)["against"]["p"] == 1.0
    # A conflict was resolved before it was drawn, and the page says so in the same words.
    stands = str(resolve(parse("5C+43E")).coding)
    assert stands in (out / "metadata.jsonl").read_text()


@pytest.fixture
def corpus(tmp_path):
    """A corpus of grey squares, two people a split."""
    rng = np.random.default_rng(0)
    with CorpusWriter(tmp_path / "corpus", source="a test", licence="CC0-1.0") as writer:
        for person in range(6):
            split = ("train", "train", "train", "train", "valid", "test")[person]
            folder = writer.folder(split)
            for k, codes in enumerate(("0", "12D", "4C", "6B+12C", "4E")):
                pixels = rng.integers(0, 255, (SIZE, SIZE, 3)).astype(np.uint8)
                name = f"p{person}_{k}.png"
                Image.fromarray(pixels).save(folder / name)
                row = make_row(
                    name, codes, subject=f"p{person}", source="t", neutral=f"p{person}_0.png"
                )
                writer.add(row, split)
    return tmp_path / "corpus"


def test_a_detector_trained_here_scores_the_corpus(auface, corpus, tmp_path):
    eyes = tmp_path / "eyes"
    sets = {"batch": 4, "size": SIZE, "width": 8, "name": "mine"}
    args = ("--steps", 2, *(a for k, v in sets.items() for a in ("--set", f"{k}={v}")))
    outcome = auface("train", "detector", corpus, "--out", eyes, *args)
    assert outcome.status == 0, outcome.err
    again = auface("train", "detector", corpus, "--out", eyes, *args)
    assert again.status == 2
    assert "resume" in again.err
    scored = auface("score", corpus / "train", "--detector", eyes, "--json")
    assert scored.status == 0, scored.err
    value = json.loads(scored.out)
    assert value["n"] == 16
    assert value["subjects"] == 4
    assert "@mine:" in value["name"]
    assert set(value["per_au"]) <= set(COLUMNS)


def test_a_tokenizer_trained_here(auface, corpus, eyes, tmp_path):
    """With a detector's eyes as a loss."""
    args = ("--steps", 2, "--set", "batch=2")
    first = ("train", "tokenizer", corpus, "--out", tmp_path / "vq", "--set", f"size={SIZE}")
    outcome = auface(*first, "--set", "model=tiny", "--detector", eyes, *args)
    assert outcome.status == 0, outcome.err
    (name,) = detectors_of(tmp_path / "vq")  # which may not score what it draws
    assert name.startswith("tiny:")


def test_the_eyes_that_a_tokenizer_pleased_may_not_score(auface, eyes, model, tmp_path):
    own = shutil.copytree(model, tmp_path / "model")
    told = {"train": {"detectors": [Detector.from_pretrained(eyes, device="cpu").id]}}
    config = own / "tokenizer" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text("utf-8")) | told))
    out = tmp_path / "a.png"
    drawn = auface("generate", "12C", "--model", own, "--out", out, "--steps", 1)
    assert drawn.status == 0, drawn.err
    refused = auface("score", out, "--detector", eyes, "--min-count", 1)
    assert refused.status == 2, refused.err
    assert "cannot score it; name another with --detector" in refused.err


def test_a_generator_trained_here_is_packed_and_draws(auface, corpus, eyes, tmp_path):
    """With a tokenizer that has a reference, through all stages."""
    torch.manual_seed(0)
    save_checkpoint(Tokenizer(TokenizerConfig.preset("tiny-reference")), tmp_path / "vq")
    sizes = {"width": 16, "layers": 1, "text_width": 16, "text_layers": 1, "vocabulary": 20}
    sizes |= {"batch": 2, "align_batch": 2, "finetune_batch": 2, "align": 0.3, "finetune": 0.3}
    args = (
        "--detector",
        eyes,
        "--steps",
        3,
        *(a for k, v in sizes.items() for a in ("--set", f"{k}={v}")),
    )
    train = ("train", "generator", corpus, "--out", tmp_path / "gen", "--tokenizer")
    outcome = auface(*train, tmp_path / "vq", *args)
    assert outcome.status == 0, outcome.err
    assert (tmp_path / "gen" / "model.safetensors").is_file()
    refused = auface(*train, tmp_path / "vq", *args)
    assert refused.status == 2
    assert "already holds a run" in refused.err
    whole = tmp_path / "model"
    config = json.loads((tmp_path / "gen" / "config.json").read_text("utf-8"))
    assert config["detectors"][0].startswith("tiny:")
    parts = ("--tokenizer", tmp_path / "vq", "--generator", tmp_path / "gen")
    packed = auface("pack", corpus, *parts, "--out", whole)
    assert packed.status == 0, packed.err
    drawn = auface("generate", "12C", "--model", whole, "--out", tmp_path / "a.png", "--steps", 1)
    assert drawn.status == 0, drawn.err


def test_what_another_detector_wrote(auface, corpus, tmp_path):
    """Probabilities that agree with the targets score near one, whoever wrote them."""
    rows = ["file_name,codes"]
    table = ["frame,face_id,confidence,success,AU04_r,AU06_r,AU12_r"]
    files = sorted((corpus / "train").glob("*.png"))
    at = {"0": "0,0,0", "12D": "0,0,4", "4C": "3,0,0", "6B+12C": "0,2,3", "4E": "5,0,0"}
    for frame, (file, codes) in enumerate(zip(files, list(at) * 4, strict=True), 1):
        rows.append(f"{file.name},{codes}")
        table.append(f"{frame},0,0.98,1,{at[codes]}")
    (tmp_path / "targets.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "faces.csv").write_text("\n".join(table) + "\n")
    outcome = auface(
        "score",
        corpus / "train",
        "--targets",
        tmp_path / "targets.csv",
        "--probabilities",
        tmp_path / "faces.csv",
        "--format",
        "openface",
        "--json",
    )
    assert outcome.status == 0, outcome.err
    value = json.loads(outcome.out)
    assert value["aaad"] > 0.95
    assert "order of the sorted pictures" in outcome.err
    assert "AU17" in value["excluded"]
    assert set(value["units"]) == {"AU4", "AU6", "AU12"}


def test_tokens_there_and_back(auface, corpus, tmp_path):
    files = sorted((corpus / "test").glob("*.png"))
    save_checkpoint(Tokenizer(TokenizerConfig.preset("tiny")), tmp_path / "vq")
    tokenizer = ("--model", tmp_path / "vq")
    stored = tmp_path / "t.safetensors"
    assert auface("tokens", "encode", *files, "--out", stored, *tokenizer).status == 0
    outcome = auface("tokens", "decode", stored, "--out", tmp_path / "back", *tokenizer)
    assert outcome.status == 0, outcome.err
    assert [p.name for p in sorted((tmp_path / "back").iterdir())] == [p.name for p in files]
    stored.write_bytes(stored.read_bytes()[:-20])
    broken = auface("tokens", "decode", stored, "--out", tmp_path / "back", *tokenizer)
    assert broken.status == 2
    assert broken.err.count("\n") == 1


def test_tokens_of_a_change_there_and_back(auface, model, corpus, tmp_path):
    """What is said of one person against a reference, decoded on another."""
    files = sorted((corpus / "test").glob("*.png"))[:3]
    stored = tmp_path / "t.safetensors"
    model = ("--model", model / "tokenizer")
    encoded = auface("tokens", "encode", *files, "--reference", files[0], "--out", stored, *model)
    assert encoded.status == 0, encoded.err
    call = ("tokens", "decode", stored, "--out", tmp_path / "back", *model)
    missing = auface(*call)
    assert missing.status == 2
    assert files[0].name in missing.err
    other = sorted((corpus / "train").glob("*.png"))[0]
    outcome = auface(*call, "--reference", other)
    assert outcome.status == 0, outcome.err
    assert len(list((tmp_path / "back").iterdir())) == 3


def test_info_says_what_is_here(auface):
    value = json.loads(auface("info", "--json").out)
    ours = {"auface", "facs-text", "vq-tokenizer", "auface-gen", "aaad", "auface-studio"}
    assert set(value["packages"]) == ours
    assert None not in value["packages"].values()
    assert value["devices"][0] == "cpu"
    assert set(value["weights"]) == {"generator", "detector"}
