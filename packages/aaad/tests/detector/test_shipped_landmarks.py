"""The landmark network that ships, on a face that is drawn here: it sees where eyes and mouth are,
and it goes with the face when that is turned and made smaller."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from aaad.align import Face, align
from aaad.landmarks import Landmarker

SIDE = 400
"""Of the drawn face's crop; it stands in a picture of 800 pixels."""


def drawing():
    """Skin, brows, eyes, nose and lips where the mean face of the rig has them."""
    image = Image.new("RGB", (800, 800), (120, 130, 145))
    draw = ImageDraw.Draw(image)

    def at(x, y):
        return 200 + SIDE * x, 200 + SIDE * y

    def ellipse(x, y, w, h, colour):
        draw.ellipse((*at(x - w, y - h), *at(x + w, y + h)), fill=colour)

    ellipse(0.5, 0.28, 0.5, 0.52, (70, 45, 30))  # hair
    ellipse(0.5, 0.42, 0.44, 0.6, (222, 178, 152))
    draw.rectangle((*at(0.33, 0.95), *at(0.67, 1.4)), fill=(205, 160, 135))  # neck
    ellipse(0.5, 0.42, 0.43, 0.6, (226, 182, 156))
    for x in (0.3, 0.7):
        ellipse(x, 0.32, 0.08, 0.04, (245, 240, 236))
        ellipse(x, 0.32, 0.034, 0.036, (80, 60, 45))
        ellipse(x, 0.32, 0.016, 0.016, (15, 12, 10))
        draw.arc((*at(x - 0.085, 0.275), *at(x + 0.085, 0.38)), 190, 350, (90, 60, 50), 5)
        draw.arc((*at(x - 0.11, 0.17), *at(x + 0.11, 0.27)), 195, 345, (75, 50, 35), 12)
    draw.polygon([at(0.5, 0.36), at(0.43, 0.61), at(0.57, 0.61)], fill=(214, 168, 142))
    for x in (0.46, 0.54):
        ellipse(x, 0.605, 0.016, 0.01, (120, 75, 60))
    ellipse(0.5, 0.76, 0.155, 0.06, (188, 100, 96))
    draw.line((*at(0.35, 0.755), *at(0.65, 0.755)), fill=(110, 50, 50), width=4)
    return image.filter(ImageFilter.GaussianBlur(2))


@pytest.fixture(scope="module")
def find():
    return Landmarker.from_pretrained(device="cpu")


def told(middle, side, angle=0.0):
    """A finder that is off by a little, as cascades are."""
    face = Face((middle[0] + 0.06 * side, middle[1] - 0.05 * side), 1.3 * side, angle)
    return lambda photo: [face]


def test_it_is_small_and_says_its_name(find):
    weights = sum(p.numel() for p in find.net.parameters()) * 2
    assert weights < 2_000_000
    assert find.id.startswith("aaad-landmarks-")


def test_eyes_nose_mouth_and_chin_are_where_they_are_drawn(find):
    found = align(np.asarray(drawing()), finder=told((400, 400), SIDE), landmarker=find)
    points = (found.to_photo(found.landmarks) - 200) / SIDE
    for numbers, place in (
        (range(36, 42), (0.3, 0.32)),
        (range(42, 48), (0.7, 0.32)),
        (range(31, 36), (0.5, 0.61)),
        (range(48, 60), (0.5, 0.76)),
        (range(8, 9), (0.5, 1.02)),
    ):
        off = points[list(numbers)].mean(0) - place
        assert np.hypot(*off) < 0.07, numbers


@pytest.mark.parametrize(("turn", "scale"), [(25.0, 1.0), (-35.0, 0.5), (0.0, 0.3)])
def test_the_crop_goes_with_the_face(find, turn, scale):
    image = drawing()
    upright = align(np.asarray(image), finder=told((400, 400), SIDE), landmarker=find)
    size = round(800 * scale)
    # Pillow turns against the clock.
    turned = image.rotate(-turn, Image.Resampling.BICUBIC).resize(
        (size, size), Image.Resampling.BOX
    )
    middle = (400 * scale, 400 * scale)
    found = align(np.asarray(turned), finder=told(middle, SIDE * scale), landmarker=find)

    def angle_and_side(aligned):
        x, y = aligned.matrix[:, 0]
        return math.degrees(math.atan2(y, x)), math.hypot(x, y) * 256

    (angle, side), (angle_before, side_before) = map(angle_and_side, (found, upright))
    assert abs(angle - angle_before - turn) < 4.0
    assert side / (side_before * scale) == pytest.approx(1.0, abs=0.08)
