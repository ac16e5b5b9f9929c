"""The painter over the shipped generator: what the page asks is what AUFace draws."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from auface_gen import AUFace
from auface_studio.errors import StudioError
from auface_studio.eye import Eye, to_coding
from auface_studio.face import Painter, Portrait, Stopped
from auface_studio.picture import chunks
from facs_text import Coding, parse


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter.load(device="cpu")


@pytest.fixture(scope="module")
def eye() -> Eye:
    return Eye.load()


def pixels(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_finished_picture_is_what_generate_draws(painter):
    drawn = painter.draw(parse("6C+12D"), person=3, seed=1)
    (made,) = AUFace.from_pretrained(device="cpu").generate("6C+12D", identity_seed=3, seed=1)
    assert (pixels(drawn.png) == np.asarray(made.image)).all()
    said = chunks(drawn.png)
    assert (said["codes"], said["text"], said["model"]) == ("6C+12D", made.text, made.model)


def test_a_draft_is_the_same_face_in_fewer_steps(painter):
    rest = pixels(painter.draw(Coding(), person=3).png)
    whole = pixels(painter.draw(parse("12E+26D"), person=3).png)
    draft = painter.draw(parse("12E+26D"), person=3, draft=True)
    assert 1 <= draft.steps <= painter.full_steps
    moved = np.abs(whole - rest).mean()
    assert np.abs(pixels(draft.png) - whole).mean() < moved / 2


def test_a_picture_is_given_up_between_steps(painter):
    asked = []

    def stop():
        asked.append(True)
        return len(asked) > 3

    with pytest.raises(Stopped):
        painter.draw(parse("9C+17D"), person=1, stop=stop)
    assert len(asked) == 4
    assert painter.draw(parse("9C+17D"), person=1).steps == painter.full_steps


def test_pictures_are_kept_but_not_for_ever(painter, monkeypatch):
    monkeypatch.setattr(Painter, "draft_steps", 2)
    first = painter.draw(parse("12A"), person=0, draft=True)
    assert first.steps == 2
    monkeypatch.setattr(Painter, "draft_steps", 1)  # as on a machine that has got busy
    assert painter.draw(parse("12A"), person=0, draft=True) is first
    whole = painter.draw(parse("12A"), person=0)
    assert whole.steps == painter.full_steps
    assert painter.draw(parse("12A"), person=0, draft=True) is whole
    assert len(painter._kept) <= 256


def test_a_portrait_is_the_person(painter, monkeypatch):
    colours = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    portrait = Image.fromarray(colours).resize((painter.size,) * 2)
    drawn = painter.draw(parse("12C"), person=Portrait(portrait), draft=True)
    assert (drawn.person, chunks(drawn.png)["person"]) == ("image", "portrait")
    told = []
    monkeypatch.setattr(
        painter._model,
        "generate",
        lambda *a, **k: told.append(k) or AUFace.generate(painter._model, *a, **k),
    )
    smiling = painter.draw(parse("12C"), person=Portrait(portrait, "6C+12D"), draft=True)
    assert (told[0]["shows"], smiling is drawn) == ("6C+12D", False)
    away = np.abs(pixels(drawn.png) - np.asarray(portrait).astype(int)).mean()
    other = pixels(painter.draw(parse("12C"), person=0, draft=True).png)
    assert away < np.abs(other - np.asarray(portrait).astype(int)).mean() / 4
    with pytest.raises(StudioError, match="no person"):
        painter.draw(parse("12C"), person=painter.people)


def test_maps_light_the_side_that_moves(painter):
    maps = painter.maps()
    left, right = (np.array(maps[f"AU12:{side}"]) for side in ("left", "right"))
    half = left.shape[1] // 2
    assert left[:, half:].sum() > 2 * left[:, :half].sum(), (
        "its left is at the right of the picture"
    )
    assert right[:, :half].sum() > 2 * right[:, half:].sum()


def test_the_eye_sees_what_was_drawn(painter, eye):
    rest = Image.open(io.BytesIO(painter.draw(Coding(), person=5).png))
    smile = Image.open(io.BytesIO(painter.draw(parse("12E"), person=5).png))
    asked = eye.see(smile, rest, parse("12E"))
    wrong = eye.see(smile, rest, parse("15E"))
    assert eye.distance(asked) < eye.distance(wrong)
    assert "12" in to_coding(asked)
    assert eye.distance(eye.see(smile)) is None
    assert all(abs(sum(one.chances) - 1) < 1e-4 for one in asked)


def test_between_two_letters_a_face_lies_between(painter):
    b, c = parse("12B"), parse("12C")
    ends = [pixels(painter.draw(x, person=3).png) for x in (b, c)]
    drawn = painter.between(b, c, 0.4, person=3, said={"auface:between": "here"})
    middle = pixels(drawn.png)
    gap = np.abs(ends[1] - ends[0]).mean()
    assert 0 < np.abs(middle - ends[0]).mean() < gap
    assert 0 < np.abs(middle - ends[1]).mean() < gap
    said = chunks(drawn.png)
    assert (said["codes"], said["person"], said["between"]) == ("12B", "3", "here")
    with pytest.raises(Stopped):
        painter.between(b, c, 0.5, person=3, stop=lambda: True)
