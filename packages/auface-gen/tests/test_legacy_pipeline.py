from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auface_gen import AUFace, AUFaceGenError
from facs_text import FacsTextError, parse, resolve
from vq_tokenizer import VQTokenizerError


@pytest.fixture
def model(model_folder: Path) -> AUFace:
    return AUFace.from_pretrained(model_folder, device="cpu")


def pixels(picture) -> bytes:
    return picture.image.tobytes()


def test_the_same_request_gives_the_same_picture_whatever_the_batch(model: AUFace) -> None:
    requests = ["6C+12D", "1B", "0", "L12D"]
    together = model.generate(requests, identity_seed=1, steps=4)
    assert [pixels(p) for p in together] == [
        pixels(p) for p in model.generate(requests, identity_seed=1, steps=4, batch=1)
    ]
    assert pixels(together[1]) == pixels(model.generate("1B", identity_seed=1, steps=4)[0])
    warm = model.generate("1B", count=3, identity_seed=1, steps=4, temperature=1.0)
    alone = model.generate("1B", seed=2, identity_seed=1, steps=4, temperature=1.0)
    assert pixels(warm[2]) == pixels(alone[0])


def test_words_and_codes_draw_the_same_resolution(model: AUFace) -> None:
    picture = model.generate("she raises her inner brows and presses her lips", steps=2)[0]
    assert {a.code for a in picture.coding} == {"1", "24"}
    assert model.generate("12D+15B", steps=2)[0].description.resolution == resolve("12D+15B")


def test_people_by_seed_and_by_portrait(model: AUFace, tmp_path: Path) -> None:
    assert pixels(model.generate("0", identity_seed=0, steps=2)[0]) != pixels(
        model.generate("0", identity_seed=1, steps=2)[0]
    )
    assert (
        model.generate("0", identity_seed=4, steps=2)[0].identity == "seed:1"
    )  # three people, seeds wrap around
    portrait = tmp_path / "me.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 60, 3), np.uint8)).save(portrait)
    assert model.generate("12C", identity=portrait, steps=2)[0].identity == "image:me.jpg"
    (tmp_path / "no.png").write_text("text")
    with pytest.raises(AUFaceGenError, match="no.png is not a picture"):
        model.generate("12C", identity=tmp_path / "no.png")


def test_a_picture_carries_what_it_was_made_from(model: AUFace, tmp_path: Path) -> None:
    made = model.generate("1C+4D+L12B", seed=7, identity_seed=2, steps=2)[0]
    made.save(tmp_path / "face.png")
    with Image.open(tmp_path / "face.png") as image:
        assert parse(image.text["auface:codes"]) == made.coding
        assert image.text["auface:text"] == made.text
        assert image.text["auface:seed"] == "7"
        assert image.text["auface:identity"] == "seed:2"
        assert image.text["auface:model"] == made.model
        assert image.size == (32, 32)
    assert [p.name for p in tmp_path.glob("*.part")] == []
    with pytest.raises(AUFaceGenError, match="cannot be written"):
        made.save(tmp_path / "nowhere" / "face.png")


def test_units_that_were_never_learned_are_named(model: AUFace) -> None:
    assert model.generate("12C+51D", steps=2)[0].not_shown == ("AU51",)
    assert model.generate("12C", steps=2)[0].not_shown == ()


@pytest.mark.parametrize("request_", ["", "  ", "99Z", "12F", "the weather is fine"])
def test_requests_that_are_none_are_refused(model: AUFace, request_: str) -> None:
    with pytest.raises(FacsTextError):
        model.generate(request_)


@pytest.mark.parametrize(
    "wrong", [{"count": 0}, {"steps": 0}, {"temperature": -1.0}, {"guidance": -1.0}]
)
def test_wrong_arguments_are_refused(model: AUFace, wrong: dict) -> None:
    with pytest.raises(AUFaceGenError, match=next(iter(wrong))):
        model.generate("12C", **wrong)


def test_broken_model_folders_are_named(model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(AUFaceGenError, match="nowhere"):
        AUFace.from_pretrained(tmp_path / "nowhere")
    for part, error in (
        ("tokenizer", VQTokenizerError),
        ("reader", AUFaceGenError),
        ("generator", AUFaceGenError),
    ):
        path = model_folder / part / "model.safetensors"
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(error, match="safetensors"):
            AUFace.from_pretrained(model_folder)
        path.write_bytes(whole)
    config = model_folder / "generator" / "config.json"
    text = config.read_text()
    config.write_text(text.replace('"width": 32', '"width": 64'))
    with pytest.raises(AUFaceGenError, match="expected"):
        AUFace.from_pretrained(model_folder)
    config.write_text(text[:40])
    with pytest.raises(AUFaceGenError, match="not JSON"):
        AUFace.from_pretrained(model_folder)
