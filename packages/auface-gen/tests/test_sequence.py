"""Sequences: frames that change evenly, and films that others read."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from auface_gen import AUFace, AUFaceGenError
from auface_gen.errors import WorkFailed
from auface_gen.generated import Generated
from auface_gen.label import DRAWN, digital_source
from auface_gen.show import films, sequence
from auface_gen.show.films import check_film, write_sequence
from auface_gen.show.sequence import differences, draw_sequence, flicker
from facs_text import Coding, describe

TIMED = [(0.0, "0"), (0.4, "12B"), (0.6, "12B"), (1.0, "0")]


class Painter:
    """A model of a few lines: the lower half is as light as the mouth's corners are up."""

    def generate(self, requests: list[Coding], **options: object) -> list[Generated]:
        self.options = options
        return [self._made(coding) for coding in requests]

    def _made(self, coding: Coding) -> Generated:
        pixels = np.full((32, 32, 3), 40, np.uint8)
        pixels[16:] += np.uint8(30 * (coding.level("12") or 0))
        return Generated(Image.fromarray(pixels), coding, describe(coding), 0, "seed:1", "painter")

    def between(self, a: Generated, b: Generated, t: float) -> Image.Image:
        return Image.blend(a.image, b.image, t)


@pytest.fixture
def model() -> Painter:
    return Painter()


def grey(level: int) -> Image.Image:
    return Image.new("RGB", (8, 8), (level, level, level))


def test_frames_are_the_drawn_faces_and_what_lies_between(model: Painter) -> None:
    made = draw_sequence(model, TIMED, rate=10, identity_seed=1, steps=3)
    assert model.options == {"identity": None, "identity_seed": 1, "seed": 0, "steps": 3}
    assert [str(d.coding) for d in made.drawn] == ["0", "12A", "12B"]
    still = {str(d.coding): d.image.tobytes() for d in made.drawn}
    assert made.frames[0].image.tobytes() == made.frames[-1].image.tobytes() == still["0"]
    assert {made.frames[n].image.tobytes() for n in (4, 5, 6)} == {still["12B"]}
    value = made.to_json()
    assert value["frames"][5]["levels"] == {"AU12": {"left": 2.0, "right": 2.0}}
    assert value["frames"][5]["codes"] == "12B"
    assert value["largest_difference"] == max(value["difference"]) > 0
    assert len(value["difference"]) == len(made.frames) - 1
    whole = differences([made.drawn[0].image, made.drawn[2].image])[0]
    assert value["largest_difference"] < whole


def test_blends_go_from_one_picture_to_the_other(model_folder: Path) -> None:
    auface = AUFace.from_pretrained(model_folder, device="cpu")
    a = auface.generate("4C", identity_seed=1, steps=1)[0]
    anew = torch.randint(
        0, auface.tokenizer.num_codes, a.tokens.shape, generator=torch.Generator().manual_seed(0)
    )
    b = replace(a, image=grey(0), tokens=anew)
    assert auface.between(a, b, 0) is a.image
    assert auface.between(a, b, 1) is b.image
    ways = [np.asarray(auface.between(a, b, t), float) for t in (0.01, 0.3, 0.6, 0.99)]
    from_a = [np.abs(way - np.asarray(a.image, float)).mean() for way in ways]
    assert from_a == sorted(from_a)
    assert from_a[0] < 0.1 * from_a[-1]
    with pytest.raises(AUFaceGenError, match="one person"):
        auface.between(a, replace(b, identity="seed:2"), 0.5)
    with pytest.raises(AUFaceGenError, match="t=2"):
        auface.between(a, b, 2)


def test_even_change_is_no_flicker() -> None:
    assert flicker([grey(v) for v in (0, 10, 20, 30)]) == pytest.approx([0, 0])
    assert flicker([grey(v) for v in (0, 51, 0, 51)]) == pytest.approx([0.2, 0.2])
    assert differences([grey(0), grey(255), grey(255)]) == pytest.approx([1, 0])


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_film_plays_as_long_as_it_should(model: Painter, tmp_path: Path, suffix: str) -> None:
    made = draw_sequence(model, TIMED, rate=30, identity_seed=1)
    film, beside = write_sequence(made, tmp_path / f"film{suffix}")
    assert digital_source(film) == DRAWN
    with Image.open(film) as image:
        total, shown = 0.0, []
        for n in range(image.n_frames):
            image.seek(n)
            image.load()  # WebP says a frame's duration only then
            total += image.info["duration"]
            shown.append(np.asarray(image.convert("RGB"), float))
    # Frames that are the same may be stored as one, for as long.
    assert total == pytest.approx(1000 * len(made.frames) / 30, abs=10)
    error = np.abs(shown[0] - np.asarray(made.frames[0].image, float)).mean()
    assert error == 0 if suffix == ".webp" else error < 8
    value = json.loads(beside.read_text("utf-8"))
    assert len(value["frames"]) == len(made.frames)


def test_a_folder_of_numbered_pictures(model: Painter, tmp_path: Path) -> None:
    made = draw_sequence(model, TIMED, rate=5, identity_seed=1)
    out, beside = write_sequence(made, tmp_path / "film")
    value = json.loads(beside.read_text("utf-8"))
    assert [f["file"] for f in value["frames"]] == [f"frame-{n:04d}.png" for n in range(6)]
    for said, frame in zip(value["frames"], made.frames, strict=True):
        assert digital_source(out / said["file"]) == DRAWN
        with Image.open(out / said["file"]) as image:
            assert image.tobytes() == frame.image.tobytes()
            assert image.text["auface:text"] == said["text"]


def test_places_that_are_none_are_told_before_drawing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AUFaceGenError, match=r"film\.avi"):
        check_film(tmp_path / "film.avi")
    (tmp_path / "folder.gif").mkdir()
    with pytest.raises(AUFaceGenError, match="is a folder"):
        check_film(tmp_path / "folder.gif")
    monkeypatch.setattr(films.shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(AUFaceGenError, match=r"auface-gen\[video\]"):
        check_film(tmp_path / "film.mp4")


def test_mp4_is_what_ffmpeg_makes_of_the_frames(
    model: Painter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {}

    def run(call, *, input, capture_output, check):
        given.update(call=call, data=input)
        Path(call[-1]).write_bytes(b"film")
        return films.subprocess.CompletedProcess(call, 0, b"", b"")

    monkeypatch.setattr(films, "ffmpeg", lambda: "ffmpeg")
    monkeypatch.setattr(films.subprocess, "run", run)
    made = draw_sequence(model, TIMED, rate=5, identity_seed=1)
    film, _ = write_sequence(made, tmp_path / "film.mp4")
    assert film.read_bytes() == b"film"
    assert given["data"] == b"".join(f.image.tobytes() for f in made.frames)
    assert "32x32" in given["call"]

    def fail(call, **_):
        return films.subprocess.CompletedProcess(call, 1, b"", b"first\nno such encoder\n")

    monkeypatch.setattr(films.subprocess, "run", fail)
    with pytest.raises(WorkFailed, match="no such encoder"):
        write_sequence(made, tmp_path / "other.mp4")
    assert sorted(p.name for p in tmp_path.glob("*other*")) == []


def test_too_many_frames_are_told(model: Painter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "MOST_FRAMES", 5)
    with pytest.raises(AUFaceGenError, match="at most 5"):
        draw_sequence(model, TIMED, rate=25)
