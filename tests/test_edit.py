"""auface edit, from a file to a file, with a made-up aligner: what is around the face stays."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from auface_gen import AUFace
from auface_gen.label import COMPOSITE, digital_source

SIZE = 64
FAST = ("--steps", 1)


@pytest.fixture
def aligner(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """`aaad.align` that takes the face to be a square at (40, 30)."""
    matrix = np.array([[1.0, 0.0, 40.0], [0.0, 1.0, 30.0]])
    given = SimpleNamespace(options=None, matrix=matrix)

    def align(image, **options):
        given.options = options
        size = options["size"]
        crop = np.ascontiguousarray(image[30 : 30 + size, 40 : 40 + size])
        return SimpleNamespace(image=crop, matrix=matrix, note="2 faces were found")

    module = ModuleType("aaad.align")
    module.align = align
    monkeypatch.setitem(sys.modules, "aaad.align", module)
    return given


@pytest.fixture
def moving(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], str | None]]:
    """A model that paints the mouth of whoever moves, and what it was asked and told of them."""
    draw, told = AUFace.generate, []

    def generate(self, requests, *, identity, **options):
        options.pop("seed")
        told.append((requests, options.pop("shows")))
        made = draw(self, requests, identity_seed=0, **options)
        pixels = np.asarray(identity).copy()
        painted = pixels.copy()
        painted[40:48, 20:44] = (200, 40, 40)
        return [_with(made[0], painted), *(_with(one, pixels) for one in made[1:])]

    monkeypatch.setattr(AUFace, "generate", generate)
    return told


def _with(made, pixels):
    import dataclasses

    return dataclasses.replace(made, image=Image.fromarray(pixels))


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(90, 140, (120, 160, 4), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_the_photograph_comes_back_with_its_face_moved(
    auface, model, aligner, moving, photo, tmp_path
):
    out = tmp_path / "moved.png"
    outcome = auface("edit", photo, "26D", "--out", out, "--model", model, *FAST)
    assert outcome.status == 0, outcome.err
    assert "2 faces were found" in outcome.err
    assert moving == [(["26D", "0"], None)]
    assert aligner.options == {"size": SIZE, "landmarks": None, "stretch": True}
    before, after = (np.asarray(Image.open(p)) for p in (photo, out))
    rows, columns = np.nonzero((before != after).any(2))
    assert rows.min() >= 30 + 36
    assert rows.max() < 30 + 52
    assert columns.min() >= 40 + 16
    assert columns.max() < 40 + 48
    assert np.array_equal(before[..., 3], after[..., 3])
    assert np.abs(after[74, 72, :3].astype(int) - (200, 40, 40)).max() < 12
    assert digital_source(out) == COMPOSITE


def test_landmarks_of_ones_own(auface, model, aligner, moving, photo, tmp_path):
    points = tmp_path / "points.json"
    points.write_text(str([[1.0, 2.0]] * 68))
    args = ("edit", photo, "12C", "--out", tmp_path / "o.png", "--model", model, *FAST)
    assert auface(*args, "--landmarks", points).status == 0
    assert len(aligner.options["landmarks"]) == 68
    points.write_text("no points")
    outcome = auface(*args, "--landmarks", points)
    assert outcome.status == 2
    assert "68 pairs" in outcome.err


def test_a_photograph_as_the_person_of_pictures(auface, model, aligner, photo, tmp_path):
    timed = tmp_path / "smile.txt"
    timed.write_text("0 0\n0.1 12A\n")
    who = ("--identity", photo, "--align", "--model", model, *FAST)
    for call in (
        ("generate", "12C", "--out", tmp_path / "face.png"),
        ("generate", "--sweep", "12A..12B", "--out", tmp_path / "sheet.png"),
        ("sequence", timed, "--out", tmp_path / "film"),
    ):
        outcome = auface(*call, *who)
        assert outcome.status == 0, outcome.err
        assert "2 faces were found" in outcome.err
        assert aligner.options == {"size": SIZE}
        assert auface(*call, *who, "--shows", "6C+12D").status == 0
    outcome = auface("generate", "12C", "--out", tmp_path / "a.png", "--align")
    assert outcome.status == 2
    assert "--identity" in outcome.err
    outcome = auface("generate", "12C", "--out", tmp_path / "a.png", "--shows", "12C")
    assert outcome.status == 2
    assert "--shows goes with --identity" in outcome.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("photo.png", "12C", "--out", "out.bmp"), "out.bmp"),
        (("photo.png", "99", "--out", "out.png"), "99"),
        (("photo.png", "12C", "--shows", "12F", "--out", "out.png"), "after '12'"),
        (("nowhere.png", "12C", "--out", "out.png"), "nowhere.png"),
        (("photo.png", "12C", "--out", "out.jpg"), "transparency"),
    ],
)
def test_bad_calls(auface, model, aligner, moving, photo, tmp_path, monkeypatch, args, said):
    monkeypatch.chdir(tmp_path)
    outcome = auface("edit", *args, "--model", model, *FAST)
    assert outcome.status == 2
    assert said in outcome.err
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["photo.png"]


def test_a_face_that_is_not_at_rest_is_told_of(
    auface, model, aligner, moving, photo, tmp_path, monkeypatch
):
    """A smile in the photograph stays under whatever is drawn, so it is said."""
    from aaad import resting

    monkeypatch.setattr(resting, "moved_in", lambda crop: ["12E on both sides", "25D"])
    outcome = auface("edit", photo, "4D", "--model", model, "--out", tmp_path / "o.png", *FAST)
    assert outcome.status == 0, outcome.err
    assert "not at rest, 12E on both sides, 25D by what the detector sees" in outcome.err
    assert "--shows" in outcome.err


def test_who_says_what_the_face_does_has_it_moved_from_there(
    auface, model, aligner, moving, photo, tmp_path, monkeypatch
):
    from aaad import resting

    monkeypatch.setattr(resting, "moved_in", lambda crop: ["12E on both sides"])
    doing = ("--shows", "6C+12D", "--out", tmp_path / "o.png")
    outcome = auface("edit", photo, "4D", *doing, "--model", model, *FAST)
    assert outcome.status == 0, outcome.err
    assert "not at rest" not in outcome.err
    assert moving == [(["4D"], "6C+12D")]
    before, after = (np.asarray(Image.open(p)) for p in (photo, tmp_path / "o.png"))
    assert np.abs(after[74, 72, :3].astype(int) - (200, 40, 40)).max() < 12
    assert np.array_equal(before[:60], after[:60])
