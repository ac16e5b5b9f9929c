"""What a user does with a model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from auface_gen import AUFace, AUFaceGenError
from auface_gen.generator import drawer as drawer_module
from auface_gen.generator.package import pack_model
from auface_gen.generator.run import GeneratorRun
from auface_gen.generator.train import train_generator
from auface_gen.request import read_request
from facs_text import FacsTextError, describe, parse, resolve
from vq_tokenizer import VQTokenizerError


@pytest.fixture(scope="module")
def model(model_folder: Path) -> AUFace:
    return AUFace.from_pretrained(model_folder, device="cpu")


def pixels(picture) -> bytes:
    return picture.image.tobytes()


def test_the_same_request_gives_the_same_picture_whatever_the_batch(model: AUFace) -> None:
    requests = ["6C+12D", "1B", "0", "the left brow rises a bit"]
    together = model.generate(requests, identity_seed=1)
    assert [pixels(p) for p in together] == [
        pixels(p) for p in model.generate(requests, identity_seed=1, batch=1)
    ]
    assert pixels(together[1]) == pixels(model.generate("1B", identity_seed=1)[0])
    warm = model.generate("1B", count=3, identity_seed=1, temperature=1.0)
    alone = model.generate("1B", seed=2, identity_seed=1, temperature=1.0)
    assert pixels(warm[2]) == pixels(alone[0])
    assert pixels(warm[0]) != pixels(warm[2])


def test_more_texts_than_are_kept_can_be_drawn_at_once(
    model: AUFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawer_module, "_KEPT", 2)
    texts = [f"the jaw drops {i} times" for i in range(5)]
    together = model.generate(texts, identity_seed=0)
    assert pixels(together[0]) == pixels(model.generate(texts[0], identity_seed=0)[0])
    assert len(model.drawer._heard) == 2


def test_words_reach_the_picture_as_they_are_written(model: AUFace) -> None:
    one, two = (
        model.generate(text, identity_seed=0)[0]
        for text in ("she raises her inner brows", "her inner brows are raised, she says")
    )
    assert {a.code for a in one.coding} == {a.code for a in two.coding} == {"1"}
    assert one.text == one.told == "she raises her inner brows"
    assert pixels(one) != pixels(two)
    codes = model.generate("1C", identity_seed=0)[0]
    assert codes.told == codes.request == ""
    assert codes.text == describe("1C", seed=0).text


def test_words_can_be_told_as_a_description_of_what_was_understood(model: AUFace) -> None:
    words = "she smiles broadly"
    one = model.generate(words, described=True)[0]
    codes = model.generate(one.coding)[0]
    assert one.request == words
    assert one.told == ""
    assert one.text == codes.text
    assert one.tokens is not None
    assert codes.tokens is not None
    assert torch.equal(one.tokens, codes.tokens)


def test_codes_are_resolved_before_they_are_told(model: AUFace) -> None:
    made = model.generate("12D+15B")[0]
    assert made.description.resolution == resolve("12D+15B")
    assert pixels(made) == pixels(model.generate(made.text)[0])


def test_what_was_not_understood_is_said(model: AUFace) -> None:
    made = model.generate("the jaw drops and bananas")[0]
    assert {a.code for a in made.coding} == {"26"}
    assert any("bananas" in part for part in made.not_understood)
    assert model.generate("26C")[0].not_understood == ()
    assert read_request("26C").text == ""


def test_a_made_up_person_by_seed_and_anybody_by_a_picture(model: AUFace, tmp_path: Path) -> None:
    first, second = (model.generate("0", identity_seed=i)[0] for i in (0, 1))
    assert pixels(first) != pixels(second)
    assert pixels(model.generate("0", identity_seed=3)[0]) == pixels(first)
    assert model.generate("0", identity_seed=4)[0].identity == "seed:1"  # seeds wrap around
    rng = np.random.default_rng(0)
    portrait = rng.integers(0, 255, (32, 32, 3), np.uint8)
    Image.fromarray(portrait).save(tmp_path / "me.png")
    made = [
        model.generate("12C", identity=who)[0]
        for who in (tmp_path / "me.png", Image.fromarray(portrait), portrait)
    ]
    assert pixels(made[0]) == pixels(made[1]) == pixels(made[2])
    assert made[0].identity == "image:me.png"
    Image.fromarray(rng.integers(0, 255, (90, 60, 3), np.uint8)).save(tmp_path / "big.jpg")
    assert model.generate("12C", identity=tmp_path / "big.jpg")[0].image.size == (32, 32)


def test_where_nothing_is_said_the_reference_comes_out_to_the_bit(model: AUFace) -> None:
    portrait = np.random.default_rng(1).integers(0, 255, (32, 32, 3), np.uint8)
    still = model.drawer.tokenizer.still_token
    kept = torch.full((4, 4), still)
    nothing = torch.zeros(4, 4, dtype=torch.bool)
    made = model.generate("12C", identity=portrait, init_tokens=kept, redraw=nothing)[0]
    np.testing.assert_array_equal(np.asarray(made.image), portrait)


def test_a_region_is_drawn_anew_and_the_rest_is_kept(model: AUFace) -> None:
    first = model.generate("1B", identity_seed=0)[0]
    redraw = torch.zeros(4, 4, dtype=torch.bool)
    redraw[2:] = True
    again = model.generate(
        "26E", identity_seed=0, init_tokens=first.tokens, redraw=redraw, steps=2
    )[0]
    assert torch.equal(again.tokens[:2], first.tokens[:2])
    assert not torch.equal(again.tokens[2:], first.tokens[2:])
    with pytest.raises(AUFaceGenError, match="go together"):
        model.generate("26E", redraw=redraw)
    with pytest.raises(AUFaceGenError, match=r"must be \(4, 4\)"):
        model.generate("26E", init_tokens=first.tokens, redraw=redraw[:2])


def test_only_cells_that_a_word_reaches_change_if_so_wished(model: AUFace) -> None:
    still = model.drawer.tokenizer.still_token
    everywhere = model.generate("1B", identity_seed=0)[0]
    nowhere = model.generate("1B", identity_seed=0, near=1.0)[0]
    assert (everywhere.tokens != still).any()
    assert (nowhere.tokens == still).all()


def test_the_prior_and_guidance_can_be_switched(model: AUFace) -> None:
    usual = model.generate("1B", identity_seed=0)[0]
    assert pixels(usual) == pixels(model.generate("1B", identity_seed=0, guidance=1.0)[0])
    other = [
        model.generate("1B", identity_seed=0, **change)[0].tokens
        for change in ({"guidance": 4.0}, {"prior": False}, {"steps": 1})
    ]
    assert any(not torch.equal(usual.tokens, tokens) for tokens in other)
    assert model.prior.shape[1:] == (2, 2)


def test_a_picture_carries_what_it_was_made_from(model: AUFace, tmp_path: Path) -> None:
    made = model.generate("the left brow rises", seed=7, identity_seed=2)[0]
    made.save(tmp_path / "face.png")
    with Image.open(tmp_path / "face.png") as image:
        assert parse(image.text["auface:codes"]) == made.coding
        assert image.text["auface:text"] == "the left brow rises"
        assert image.text["auface:identity"] == "seed:2"
        assert image.text["auface:model"] == made.model == model.digest
        assert image.size == (32, 32) == (model.size, model.size)


def test_units_that_were_never_learned_are_named(model: AUFace) -> None:
    assert model.generate("12C+51D", steps=2)[0].not_shown == ("AU51",)


@pytest.mark.parametrize("request_", ["", "  ", "99Z", "12F", "AU99", "the weather is fine"])
def test_requests_that_are_none_are_refused(model: AUFace, request_: str) -> None:
    with pytest.raises(FacsTextError):
        model.generate(request_)


def test_a_text_that_is_too_long_is_refused_and_codes_are_said_briefly(model: AUFace) -> None:
    with pytest.raises(AUFaceGenError, match="more words than this model reads"):
        model.generate("the brow rises " * 3000)
    many = "1C+2C+4B+6C+7B+9B+12D+17C+25C+26D"
    told = model.generate(many)[0].text
    assert told == describe(many, detail="brief", seed=0).text


@pytest.mark.parametrize(
    "wrong", [{"count": 0}, {"steps": 0}, {"temperature": -1.0}, {"guidance": -1.0}]
)
def test_wrong_arguments_are_refused(model: AUFace, wrong: dict) -> None:
    with pytest.raises(AUFaceGenError, match=next(iter(wrong))):
        model.generate("12C", **wrong)


def test_pictures_that_are_none_are_refused(model: AUFace, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("text")
    with pytest.raises(AUFaceGenError, match=r"no.png is not a picture"):
        model.generate("12C", identity=tmp_path / "no.png")
    with pytest.raises(AUFaceGenError, match=r"must be \(H, W, 3\) uint8"):
        model.generate("12C", identity=np.zeros((8, 8)))


def test_broken_model_folders_are_named(model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(AUFaceGenError, match="nowhere"):
        AUFace.from_pretrained(tmp_path / "nowhere")
    folder = tmp_path / "model"
    shutil.copytree(model_folder, folder)
    for part, error in (("tokenizer", VQTokenizerError), ("generator", AUFaceGenError)):
        path = folder / part / "model.safetensors"
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(error, match="safetensors"):
            AUFace.from_pretrained(folder)
        path.write_bytes(whole)
    config = folder / "generator" / "config.json"
    text = config.read_text()
    values = json.loads(text)
    for change, said in (
        ({"model": {**values["model"], "condition": "numbers"}}, "only one that is told text"),
        ({"model": 3}, "not a config"),
        ({"shown": [True]}, "shown must be"),
        ({"size": None}, "size must be a number"),
    ):
        config.write_text(json.dumps(values | change))
        with pytest.raises(AUFaceGenError, match=said):
            AUFace.from_pretrained(folder)
    config.write_text(text)
    (folder / "people" / "1.webp").unlink()
    with pytest.raises(AUFaceGenError, match=r"1.webp is missing"):
        AUFace.from_pretrained(folder)
    (folder / "people" / "people.json").write_text("{")
    with pytest.raises(AUFaceGenError, match="not a list of people"):
        AUFace.from_pretrained(folder)


def test_what_was_trained_is_packed_and_draws(
    corpus: Path, reference_tokenizer: Path, tokenizer_folder: Path, tmp_path: Path
) -> None:
    run = GeneratorRun(
        steps=1, batch=2, align=0.0, width=16, layers=1, text_width=16, text_layers=1,
        vocabulary=10,
    )  # fmt: skip
    shutil.copytree(corpus / "train", corpus / "test")
    trained = train_generator(
        corpus, tmp_path / "out", tokenizer=reference_tokenizer, run=run, tell=lambda line: None
    )
    packed = pack_model(
        corpus, tmp_path / "model", tokenizer=reference_tokenizer, generator=trained
    )
    model = AUFace.from_pretrained(packed, device="cpu")
    assert len(model.people) == 3  # two of the test split, one of the valid one
    assert model.generate("12C")[0].image.size == (32, 32)
    with pytest.raises(AUFaceGenError, match="tokens of another tokenizer"):
        pack_model(corpus, tmp_path / "x", tokenizer=tokenizer_folder, generator=trained)


def test_a_portrait_unlike_anybody_of_the_bank_moves_as_the_one_most_like_it(
    model: AUFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, _ = model.identity(seed=1)
    like = Image.fromarray(np.asarray(Image.open(model.people[1]).convert("RGB")))
    other = Image.new("RGB", (model.size, model.size), (255, 0, 255))
    own = model.drawer.person(other)
    assert torch.equal(model.identity(like)[0].cells, known.cells)

    monkeypatch.setattr(drawer_module, "_FOREIGN", 0.0)  # whoever is not of the bank is foreign
    assert torch.equal(model.identity(like)[0].cells, known.cells)
    person, _ = model.identity(other)
    bank = [model.identity(seed=i)[0].cells for i in range(len(model.people))]
    assert any(torch.equal(person.cells, cells) for cells in bank)
    assert torch.equal(person.features.pictures, own.features.pictures)


def test_a_foreign_portrait_that_does_something_moves_as_its_like_doing_it(
    model: AUFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Image.new("RGB", (model.size, model.size), (255, 0, 255))
    monkeypatch.setattr(drawer_module, "_FOREIGN", 0.0)
    rest, _ = model.identity(other)
    bank = [model.identity(seed=i)[0].cells for i in range(len(model.people))]
    like = [torch.equal(rest.cells, cells) for cells in bank].index(True)
    doing = model.generate("6C+12D", identity_seed=like)[0].image
    person, _ = model.identity(other, shows="6C+12D")
    assert torch.equal(person.cells, model.drawer.person(doing).cells)
    assert torch.equal(person.features.pictures, rest.features.pictures)
    made = model.generate("4D", identity=other, shows="6C+12D")[0]
    assert torch.equal(made.person.cells, person.cells)


def test_who_is_at_rest_is_not_changed_by_being_asked_to_be(
    model: AUFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    transformer = model.drawer.transformer
    monkeypatch.setattr(transformer, "still_bonus", torch.nn.Parameter(torch.tensor(-1e4)))
    still, portrait = transformer.config.still, Image.open(model.people[1]).convert("RGB")
    for who in ({"identity_seed": 1}, {"identity": portrait}):
        rest, moved = model.generate(["0", "12D"], **who)
        assert (rest.tokens == still).all()
        assert np.array_equal(np.asarray(rest.image), np.asarray(portrait))
        assert (moved.tokens != still).all()
    told = model.generate("0", identity=portrait, shows="12D")[0]
    assert (told.tokens != still).all()
    again = model.generate(
        "0", identity_seed=1, init_tokens=moved.tokens, redraw=np.zeros(moved.tokens.shape, bool)
    )[0]
    assert torch.equal(again.tokens, moved.tokens)


def test_only_a_portrait_shows_something(model: AUFace) -> None:
    with pytest.raises(AUFaceGenError, match="says what a portrait does: give identity="):
        model.generate("4D", identity_seed=1, shows="12D")
    with pytest.raises(FacsTextError):
        model.generate("4D", identity=Image.new("RGB", (8, 8)), shows="AU99")
