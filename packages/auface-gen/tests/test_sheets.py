"""Sheets: each picture where it is said to be, labels of any coding, texts beside."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auface_gen import AUFace, AUFaceGenError
from auface_gen.label import DRAWN, digital_source
from auface_gen.show.levels import grid
from auface_gen.show.sheets import draw_sheet, lay_out


@pytest.fixture
def model(model_folder: Path) -> AUFace:
    return AUFace.from_pretrained(model_folder, device="cpu")


def test_people_along_the_rows_and_codings_along_the_columns(model: AUFace, tmp_path: Path) -> None:
    codings = grid("12,1,0")
    sheet = draw_sheet(model, codings, people=2, first=1, steps=1)
    png, beside = sheet.save(tmp_path / "sheet.png")
    value = json.loads(beside.read_text("utf-8"))
    assert value["columns"] == ["12D", "1D", "0"]
    assert value["rows"] == ["seed:1", "seed:2"]
    assert digital_source(png) == DRAWN
    with Image.open(png) as image:
        whole = image.convert("RGB")
    for i, row in enumerate(value["pictures"]):
        for j, cell in enumerate(row):
            alone = model.generate(codings[j], identity_seed=1 + i, steps=1)[0]
            assert whole.crop(cell["box"]).tobytes() == alone.image.tobytes()
            assert (cell["codes"], cell["text"]) == (str(codings[j]), alone.text)


def test_a_portrait_is_one_row(model: AUFace) -> None:
    portrait = Image.new("RGB", (40, 40), "tan")
    sheet = draw_sheet(model, grid("12"), identity=portrait, steps=1)
    assert [row[0].identity for row in sheet.rows] == ["image"]
    with pytest.raises(AUFaceGenError, match="one person"):
        draw_sheet(model, grid("12"), identity=portrait, people=2)


@pytest.mark.parametrize("people", [0, 4])
def test_no_more_people_than_there_are(model: AUFace, people: int) -> None:
    with pytest.raises(AUFaceGenError, match="1 to 3 made-up people"):
        draw_sheet(model, grid("12"), people=people)
    with pytest.raises(AUFaceGenError, match="no codings"):
        draw_sheet(model, [])


def test_long_labels_stay_over_their_column() -> None:
    black = Image.new("RGB", (32, 32), "black")
    long = "L1D+R2D+4E+5E+L6B+R7C+9D+10C+12E+15D+17E+20D+25C+26D"
    sheet, boxes = lay_out([[black, black]], columns=[long, "0"], names=["person 1"])
    x0, y0, x1, y1 = boxes[0][0]
    pixels = np.asarray(sheet.convert("L"))
    over = pixels[:y0]
    assert (over[:, x0:x1] < 128).any()  # there is a label
    assert (over[:, : x0 - 8] > 200).all()  # and none of it over the names
    assert (pixels[y0:y1, x0:x1] == 0).all()  # nor on the picture
    assert y0 < 90  # three lines at most
