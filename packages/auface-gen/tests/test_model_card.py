"""A card says what was measured, by what, and of the rest that nobody measured it."""

import hashlib
import json
from pathlib import Path

import pytest

from auface_gen import AUFaceGenError
from auface_gen.model_card import model_card, read_figures, write_model_card

FIGURE = {
    "section": "alignment", "what": "AAAD, version 2", "value": 0.7512, "ci95": [0.73, 0.77],
    "n": 300, "detector": "eyes:01", "source": "benchmarks/generator_words.py",
}  # fmt: skip
OF_PEOPLE = {**FIGURE, "section": "people", "group": "skin tone V and VI"}


def figures(tmp_path: Path, *given: object, **more: object) -> Path:
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({"figures": list(given), **more}))
    return path


def test_a_card_has_the_figures_and_who_measured_them(own_model: Path, tmp_path: Path) -> None:
    given = figures(tmp_path, FIGURE, OF_PEOPLE, limits=["Lips tear at 27E."], data=["Renders."])
    text = write_model_card(own_model, given).read_text("utf-8")
    assert text.startswith("---\nlicense: apache-2.0\n")
    row = next(line for line in text.splitlines() if "AAAD" in line)
    assert "| 0.751 | 0.73 to 0.77 | 300 | benchmarks/generator_words.py, eyes:01 |" in row
    assert "skin tone V and VI" in text
    assert text.count("Not measured.") == 2  # picture, speed
    assert "- Lips tear at 27E." in text
    assert "- Renders." in text
    assert "emotion" in text
    weights = (own_model / "generator" / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest()[:12] in text
    assert "`tokenizer/`: " in text


def test_without_figures_nothing_is_claimed(model_folder: Path) -> None:
    text = model_card(model_folder)
    assert text.count("Not measured.") == 4
    assert "Not said." in text


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ("high", "no object"),
        ({**FIGURE, "section": "beauty"}, "section 'beauty'"),
        ({**FIGURE, "source": ""}, "no source"),
        ({**FIGURE, "what": None}, "no what"),
        ({**FIGURE, "value": "good"}, "'good' is no number"),
        ({**FIGURE, "value": True}, "no number"),
        ({**FIGURE, "ci95": [0.1]}, "two numbers"),
        ({**FIGURE, "section": "people"}, "no group"),
    ],
)
def test_a_figure_that_is_none_is_named(tmp_path: Path, figure: object, said: str) -> None:
    with pytest.raises(AUFaceGenError, match=r"figures\.json, figure 2: .*" + said):
        read_figures(figures(tmp_path, FIGURE, figure))


def test_files_that_are_none(own_model: Path, tmp_path: Path) -> None:
    with pytest.raises(AUFaceGenError, match="nowhere"):
        read_figures(tmp_path / "nowhere.json")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(AUFaceGenError, match="not JSON"):
        read_figures(tmp_path / "a.json")
    with pytest.raises(AUFaceGenError, match="no finite number"):
        read_figures(figures(tmp_path, {**FIGURE, "value": float("inf")}))
    with pytest.raises(AUFaceGenError, match="limits"):
        read_figures(figures(tmp_path, limits="none"))
    with pytest.raises(AUFaceGenError, match="no generator"):
        model_card(tmp_path)
    (own_model / "tokenizer" / "model.safetensors").write_bytes(b"\x40" + bytes(7) + b"cut")
    with pytest.raises(AUFaceGenError, match="not safetensors"):
        model_card(own_model)
