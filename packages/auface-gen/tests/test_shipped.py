"""The weights that ship do what the README says of them."""

import re
from pathlib import Path

import numpy as np
import pytest

from auface_gen import AUFace
from auface_gen.generator.checkpoint import weights_folder
from auface_gen.generator.legacy.reader import words
from facs_text import describe


@pytest.fixture(scope="module")
def model() -> AUFace:
    return AUFace.from_pretrained(device="cpu")


@pytest.fixture(scope="module")
def faces(model: AUFace) -> dict[str, np.ndarray]:
    codes = ["0", "12E", "L12E", "R12E", "1E+2E", "26E", "43E"]
    return {
        c: np.asarray(g.image, float)
        for c, g in zip(codes, model.generate(codes, identity_seed=0), strict=True)
    }


def moved(faces: dict[str, np.ndarray], codes: str) -> np.ndarray:
    """(128, 128) how much each pixel differs from the face at rest."""
    change: np.ndarray = np.abs(faces[codes] - faces["0"]).sum(2)
    return change


def test_left_and_right_are_the_right_way_round(faces: dict[str, np.ndarray]) -> None:
    left, right = moved(faces, "L12E")[64:], moved(faces, "R12E")[64:]
    assert left[:, 64:].sum() > 1.5 * left[:, :64].sum()  # the face's own left: the picture's right
    assert right[:, :64].sum() > 1.5 * right[:, 64:].sum()


def test_units_move_their_own_region(faces: dict[str, np.ndarray]) -> None:
    brows, jaw, lids = (moved(faces, c) for c in ("1E+2E", "26E", "43E"))
    assert brows[:56].sum() > 2 * brows[56:].sum()
    assert jaw[72:].sum() > 2 * jaw[:72].sum()
    assert lids[24:72].sum() > 2 * (lids[:24].sum() + lids[72:].sum())


def test_a_person_stays_the_same_person(model: AUFace, faces: dict[str, np.ndarray]) -> None:
    other = np.asarray(model.generate("12E", identity_seed=1)[0].image, float)
    assert np.abs(faces["12E"] - other).mean() > 3 * moved(faces, "12E").mean() / 3


def test_stronger_is_more(model: AUFace, faces: dict[str, np.ndarray]) -> None:
    change = [
        np.abs(np.asarray(g.image, float) - faces["0"]).mean()
        for g in model.generate(["26A", "26C", "26E"], identity_seed=0)
    ]
    assert change[0] < change[1] < change[2]


def test_the_reader_knows_the_words_and_reads_them_right(model: AUFace) -> None:
    from auface_gen.generator.legacy.train_reader import draw_clauses

    known = set(model.drawer.reader.config.vocabulary)
    texts, vectors = draw_clauses(np.random.default_rng(99), 400)
    unknown = [w for t in texts for w in words(t) if w not in known]
    assert len(unknown) < 0.002 * sum(len(words(t)) for t in texts), unknown[:5]
    error = np.abs(model.drawer.reader.read(texts).numpy() - vectors)
    assert error[vectors > 0].mean() < 0.05
    assert error[vectors == 0].mean() < 0.005


def test_a_text_of_ones_own_is_drawn_as_it_reads(
    model: AUFace, faces: dict[str, np.ndarray]
) -> None:
    text = describe("26E", seed=3).text
    again = np.asarray(model.generate(text, identity_seed=0)[0].image, float)
    assert np.abs(again - faces["26E"]).mean() < 0.3 * moved(faces, "26E").mean() / 3


def test_there_are_people_enough_and_the_weights_are_small(model: AUFace) -> None:
    assert len(model.people) >= 40
    size = sum(p.stat().st_size for p in weights_folder().rglob("*") if p.is_file())
    assert size < 36e6


def test_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    snippets = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, "README.md", "exec"), {})
    assert (tmp_path / "smile.png").exists()
