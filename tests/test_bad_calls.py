"""What a newcomer gets wrong: one line that says what, where and what to do, and status 2."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest
from PIL import Image

import auface_cli.drawing
from auface_cli.main import cli
from auface_gen.photograph.file import Photograph


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to stand in: a portrait, a file, a folder, and landmarks as `edit` takes them."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 64), "grey").save("me.png")
    Path("file").write_text("x")
    Path("folder").mkdir()
    Path("points.json").write_text("[[1, 2], [3, 4]]")
    return tmp_path


@pytest.mark.parametrize(
    ("call", "part"),
    [
        ("generate 4D --out x.png --device gpu", "'gpu': write cpu, cuda or cuda:N, or auto"),
        ("train detector folder --out r --device auto", "'auto': write cpu, cuda or cuda:N (see"),
        ("generate 4D --out x.png --device cuda:999", "'cuda:999': torch finds"),
        ("generate 4D --out x.png --identity me.png --shows 99", "--shows: position 0: '99'"),
        ("edit me.png 4D --out x.png --shows 6F", "--shows: position"),
        ("edit me.png 4D --out x.png --shows bananas", "--shows: no facial action was understood"),
        ("edit me.png bananas --out x.png", "no facial action was understood in 'bananas'"),
        ("generate bananas --out x.png", "no facial action was understood in 'bananas'"),
        ("generate 4D --out x.png --shows 6C", "--shows goes with --identity"),
        ("edit none.jpg 4D --out x.png", "none.jpg is not a picture that can be read: No such"),
        ("align me.png --out me.jpg", "--out me.jpg: crops are PNG; name a .png file or a folder"),
        ("align me.png --out x.png --landmarks points.json", "points.json, line 1: wanted file_na"),
        ("train generator folder --out r --set other_reference=2", "other_reference=2.0; from 0 t"),
        ("train detector folder --out r --set other_reference=0.5", "no setting 'other_reference'"),
        ("corpus render o --codings balance", "'balance' is not one of 'mixture', 'balanced'"),
        ("corpus render o --preset auface-302k --codings balanced", "sets --codings itself"),
        ("compare smiles frowns", "found 'smiles'"),
    ],
    ids=lambda value: value.split(" --out")[0] if isinstance(value, str) else None,
)
def test_one_line_says_what_and_where(auface, place, call, part):
    outcome = auface(*call.split())
    assert (outcome.status, outcome.out) == (2, "")
    assert part in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_photograph_without_a_face_is_named(place, monkeypatch):
    class NoFaceError(ValueError):
        pass

    class Align:
        pass

    def align(rgb, **options):
        raise NoFaceError("no face was found")

    Align.align, Align.NoFaceError = staticmethod(align), NoFaceError
    monkeypatch.setattr(auface_cli.drawing, "import_module", lambda name: Align)
    with pytest.raises(NoFaceError, match=r"^me\.png: no face was found$"):
        auface_cli.drawing.aligned(Photograph.open("me.png"), Path("me.png"))


@pytest.mark.parametrize(
    ("touch", "part"),
    [
        (lambda: os.mkdir("file"), "file: File exists; a file stands"),
        (lambda: Path("file/x").mkdir(), "file/x: Not a directory; a file stands"),
        (
            lambda: Path("folder").read_text(),
            "folder: Is a directory; that is a folder: name a file",
        ),
    ],
    ids=["a file for a folder", "below a file", "a folder for a file"],
)
def test_a_place_of_the_wrong_kind_says_what_to_name(auface, place, monkeypatch, touch, part):
    monkeypatch.setitem(cli.commands, "touch", click.Command("touch", callback=touch))
    outcome = auface("touch")
    assert outcome.status == 2
    assert part in outcome.err
