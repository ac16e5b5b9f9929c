"""What a saved picture says of itself is read back by others' rules, not by ours alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auface_gen import AUFace, AUFaceGenError
from auface_gen.label import (
    COMPOSITE,
    DRAWN,
    digital_source,
    labelled_png,
    save_labelled,
    with_gif_label,
)


@pytest.fixture
def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8))


def test_a_drawn_picture_says_that_a_machine_made_it_and_from_what(
    model_folder: Path, tmp_path: Path
) -> None:
    model = AUFace.from_pretrained(model_folder, device="cpu")
    words = "the inner brows are raised"
    coded, told = (model.generate(r, seed=7, identity_seed=1, steps=1)[0] for r in ("12D", words))
    for made, asked in ((coded, None), (told, words)):
        made.save(tmp_path / "face.png")
        assert digital_source(tmp_path / "face.png") == DRAWN
        with Image.open(tmp_path / "face.png") as image:
            requested = json.loads(image.text["auface:requested"])
            assert requested == {"codes": str(made.coding), "text": asked}
            assert json.loads(image.text["auface:detectors"]) == []
            assert "auface:seen" not in image.text
            assert image.text["auface:text"] == made.text


def test_a_model_names_the_detectors_it_was_trained_against(
    own_model: Path, tmp_path: Path
) -> None:
    config = own_model / "generator" / "config.json"
    told = json.loads(config.read_text()) | {"detectors": ["teacher:0123456789ab"]}
    config.write_text(json.dumps(told))
    made = AUFace.from_pretrained(own_model, device="cpu").generate("12D", steps=1)[0]
    made.save(tmp_path / "face.png")
    with Image.open(tmp_path / "face.png") as image:
        assert json.loads(image.text["auface:detectors"]) == ["teacher:0123456789ab"]


def test_a_picture_names_the_detectors_of_the_tokenizer_too(
    own_model: Path, tmp_path: Path
) -> None:
    for part, told in (
        ("generator", {"detectors": ["teacher:01"]}),
        ("tokenizer", {"train": {"detectors": ["eyes:02", "teacher:01"]}}),
    ):
        config = own_model / part / "config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | told))
    made = AUFace.from_pretrained(own_model, device="cpu").generate("12D", steps=1)[0]
    made.save(tmp_path / "face.png")
    with Image.open(tmp_path / "face.png") as image:
        assert json.loads(image.text["auface:detectors"]) == ["teacher:01", "eyes:02"]


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
@pytest.mark.parametrize("source", [DRAWN, COMPOSITE])
def test_every_kind_of_file_carries_the_label(
    picture: Image.Image, tmp_path: Path, suffix: str, source: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    save_labelled(picture, path, source=source)
    assert digital_source(path) == source
    assert source.encode() in path.read_bytes()  # for readers that look for the packet alone
    with Image.open(path) as image:
        assert image.size == picture.size
        if suffix in ("png", "tif"):
            assert image.convert("RGB").tobytes() == picture.tobytes()
    picture.save(tmp_path / f"plain.{suffix}")
    assert digital_source(tmp_path / f"plain.{suffix}") is None


def test_a_png_in_memory_is_the_file_that_would_be_written(
    picture: Image.Image, tmp_path: Path
) -> None:
    chunks = {"auface:codes": "12C"}
    save_labelled(picture, tmp_path / "face.png", chunks=chunks)
    assert labelled_png(picture, chunks=chunks) == (tmp_path / "face.png").read_bytes()


def test_a_gif_is_labelled_and_still_a_gif(picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    frames = [picture.rotate(90 * k) for k in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40)
    assert digital_source(path) is None
    path.write_bytes(with_gif_label(path.read_bytes()))
    assert digital_source(path) == DRAWN
    with Image.open(path) as image:
        assert image.n_frames == 3
        image.seek(2)
        image.load()
    with pytest.raises(AUFaceGenError, match="whole GIF"):
        with_gif_label(path.read_bytes()[:-1])


def test_what_cannot_be_labelled_is_refused(picture: Image.Image, tmp_path: Path) -> None:
    with pytest.raises(AUFaceGenError, match=r"a\.bmp"):
        save_labelled(picture, tmp_path / "a.bmp")
    with pytest.raises(AUFaceGenError, match="only a PNG"):
        save_labelled(picture, tmp_path / "a.jpg", chunks={"auface:codes": "12D"})
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(AUFaceGenError, match=r"text\.png"):
        digital_source(tmp_path / "text.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["text.png"]
