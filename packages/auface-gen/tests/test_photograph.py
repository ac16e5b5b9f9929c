"""A crop back in its photograph: what did not change is the photograph, to the bit."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auface_gen import AUFaceGenError
from auface_gen.label import COMPOSITE, digital_source
from auface_gen.photograph.blend import changed, paste
from auface_gen.photograph.file import Photograph

SIZE = 32


def noise(*shape: int, kind: type = np.uint8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(kind).max, shape, kind, endpoint=True)


def matrix(x: float = 20.0, y: float = 14.0, scale: float = 1.0, angle: float = 0.0) -> np.ndarray:
    """From the crop to the photograph: the crop's corner at (x, y)."""
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    return np.array([[c, -s, x], [s, c, y]])


def patch(crop: np.ndarray, by: int = 80) -> np.ndarray:
    """The crop with a square in its middle made lighter."""
    edited = crop.astype(int)
    edited[12:20, 12:20] += by
    return np.clip(edited, 0, 255).astype(np.uint8)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([(60, 70), (60, 70, 1), (60, 70, 2), (60, 70, 3), (60, 70, 4)]),
    st.sampled_from([np.uint8, np.uint16]),
    st.floats(-40, 90),
    st.floats(-40, 90),
    st.floats(0.2, 4),
    st.floats(-3.2, 3.2),
)
def test_an_unchanged_crop_gives_the_photograph_back(
    shape: tuple[int, ...], kind: type, x: float, y: float, scale: float, angle: float
) -> None:
    photo, crop = noise(*shape, kind=kind), noise(SIZE, SIZE, 3, seed=1)
    out = paste(photo, matrix(x, y, scale, angle), crop, crop)
    assert out.dtype == photo.dtype
    assert np.array_equal(out, photo)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(64, 72), (64, 72, 2), (64, 72, 3), (64, 72, 4)])
def test_only_the_change_is_laid_on_the_photograph(shape: tuple[int, ...], kind: type) -> None:
    photo = noise(*shape, kind=kind) // 2
    crop = np.full((SIZE, SIZE, 3), 60, np.uint8)
    out = paste(photo, matrix(), patch(crop), crop)
    differs = out != photo if out.ndim == 2 else (out != photo).any(2)
    rows, columns = np.nonzero(differs)
    # The square is at 12 to 20 of a crop at (20, 14); its blur reaches a little further.
    assert 32 - 4 <= columns.min() <= columns.max() < 40 + 4
    assert 26 - 4 <= rows.min() <= rows.max() < 34 + 4
    if out.ndim == 3 and out.shape[2] in (2, 4):
        assert np.array_equal(out[..., -1], photo[..., -1])
    unit = np.iinfo(kind).max / 255
    colour = out[28:32, 34:38] if out.ndim == 2 else out[28:32, 34:38, :3][..., :1]
    assert colour.astype(float).mean() == pytest.approx(140 * unit, rel=0.02)


def test_slight_changes_keep_the_detail_and_great_ones_do_not() -> None:
    photo = noise(64, 72, 3) // 8 + 60  # finer detail than the flat crop has
    crop = np.full((SIZE, SIZE, 3), 76, np.uint8)
    slight = paste(photo, matrix(), patch(crop, 3), crop)[28:32, 34:38]
    great = paste(photo, matrix(), patch(crop, 90), crop)[28:32, 34:38]
    assert np.array_equal(slight, photo[28:32, 34:38] + 3)
    assert np.all(np.abs(great.astype(int) - 166) <= 1)


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("angle", [0.0, 0.4, -1.5])
def test_the_change_lands_where_the_map_says(scale: float, angle: float) -> None:
    photo = np.full((200, 200, 3), 100, np.uint8)
    crop = np.full((SIZE, SIZE, 3), 100, np.uint8)
    place = matrix(90, 60, scale, angle)
    weight = np.abs(paste(photo, place, patch(crop), crop).astype(float) - 100).sum(2)
    rows, columns = np.mgrid[0:200, 0:200] + 0.5
    middle = np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()
    assert middle == pytest.approx(place @ [16, 16, 1], abs=0.1)
    # As much of it as the square has, less than its edges' fading.
    assert weight.sum() / (3 * 80) == pytest.approx(64 * scale**2, rel=0.25)


def test_an_edit_fades_out_towards_the_crop_s_edge() -> None:
    photo = np.full((80, 80, 3), 100, np.uint8)
    crop = np.full((SIZE, SIZE, 3), 100, np.uint8)
    out = paste(photo, matrix(20, 20), crop + np.uint8(60), crop)
    row = out[36, :, 0].astype(int)
    assert row[36] == 160
    assert np.all(np.abs(np.diff(row)) < 45)  # no seam
    assert np.array_equal(out[:20], photo[:20])
    assert np.array_equal(out[:, 52:], photo[:, 52:])


def test_what_a_model_cannot_draw_stays() -> None:
    crop = noise(SIZE, SIZE, 3, seed=1)
    at_rest = noise(SIZE, SIZE, 3, seed=2) // 4 + 90
    assert np.array_equal(changed(crop, at_rest, at_rest), crop)
    assert changed(crop, at_rest + np.uint8(100), at_rest).min() >= 100


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"photo": np.zeros((4, 4, 3))}, "photo"),
        ({"photo": np.zeros((4, 4, 5), np.uint8)}, "5 channels"),
        ({"crop": np.zeros((4, 5, 3), np.uint8)}, "crop"),
        ({"edited": np.zeros((4, 4, 3), np.uint8)}, "edited"),
        ({"matrix": np.zeros((2, 3))}, "matrix"),
        ({"feather": 0.0}, "feather"),
    ],
)
def test_what_does_not_fit_is_named(wrong: dict, said: str) -> None:
    crop = noise(SIZE, SIZE, 3)
    given_ = {"photo": noise(40, 40, 3), "matrix": matrix(), "edited": crop, "crop": crop} | wrong
    with pytest.raises(AUFaceGenError, match=said):
        paste(**given_)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("RGB", ".png"), ("RGBA", ".png"), ("L", ".png"), ("LA", ".png"), ("I;16", ".png"),
     ("RGB", ".tif"), ("I;16", ".tif"), ("RGB", ".webp"), ("RGBA", ".webp")],
)  # fmt: skip
def test_files_come_back_as_they_were(tmp_path: Path, mode: str, suffix: str) -> None:
    channels = {"L": (), "I;16": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}[mode]
    pixels = noise(20, 24, *channels, kind=np.uint16 if mode == "I;16" else np.uint8)
    Image.fromarray(pixels).save(tmp_path / f"photo{suffix}", lossless=True, exact=True)
    photo = Photograph.open(tmp_path / f"photo{suffix}")
    assert photo.note == ""
    assert photo.rgb.shape == (20, 24, 3)
    photo.save(tmp_path / f"out{suffix}", photo.pixels)
    again = Photograph.open(tmp_path / f"out{suffix}")
    seen = again.pixels[..., -1] > 0 if mode == "RGBA" else ...
    assert np.array_equal(again.pixels[seen], pixels[seen])  # WebP forgets what nobody can see
    assert digital_source(tmp_path / f"out{suffix}") == COMPOSITE


def test_orientation_and_profile_stay_with_the_photograph(tmp_path: Path) -> None:
    pixels = noise(20, 24, 3)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "camera"
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif, icc_profile=b"profile")
    photo = Photograph.open(tmp_path / "a.png")
    assert np.array_equal(photo.pixels, np.rot90(pixels, -1))
    photo.save(tmp_path / "b.png", photo.pixels)
    with Image.open(tmp_path / "b.png") as image:
        assert image.info["icc_profile"] == b"profile"
        assert image.getexif().get(0x010F) == "camera"
        assert image.getexif().get(0x0112) in (None, 1)  # it is upright now


def test_files_that_cannot_be_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    frames = [Image.new("RGB", (4, 4), c) for c in ("red", "blue")]
    frames[0].save(tmp_path / "b.gif", save_all=True, append_images=frames[1:])
    Image.new("F", (4, 4)).save(tmp_path / "c.tif")
    for name, said in (("a.png", "a.png"), ("b.gif", "animation"), ("c.tif", "F pixels")):
        with pytest.raises(AUFaceGenError, match=said):
            Photograph.open(tmp_path / name)
    alpha = Photograph(noise(4, 4, 4))
    with pytest.raises(AUFaceGenError, match="transparency"):
        alpha.save(tmp_path / "d.jpg", alpha.pixels)
