"""One reader of pictures: where packages have one each, they see the same and refuse the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from facs_text import FacsTextError
from facs_text.pictures import read_rgb as of_facs_text
from vq_tokenizer import VQTokenizerError
from vq_tokenizer.pictures import read_rgb as of_vq_tokenizer

sys.path.insert(0, str(Path(__file__).parent / "fuzz"))

import targets

PICTURES = targets.picture_seeds()


def seen(read, path, error):
    """The picture's size and bytes, or nothing where it is refused."""
    try:
        picture = read(path)
    except error:
        return None
    return picture.mode, picture.size, picture.tobytes()


@pytest.mark.parametrize("number", range(len(PICTURES)))
def test_the_same_pixels(tmp_path, number):
    path = tmp_path / "a.png"
    path.write_bytes(PICTURES[number])
    one = seen(of_facs_text, path, FacsTextError)
    assert one == seen(of_vq_tokenizer, path, VQTokenizerError)


def test_some_are_read_and_some_refused(tmp_path):
    found = []
    for number, data in enumerate(PICTURES):
        (tmp_path / f"{number}.png").write_bytes(data)
        found.append(seen(of_facs_text, tmp_path / f"{number}.png", FacsTextError) is not None)
    assert found.count(True) == len(PICTURES) - 2  # floating point and the animation
