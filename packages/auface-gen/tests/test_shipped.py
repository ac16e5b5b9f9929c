"""The weights that ship do what the README says of them."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auface_gen import AUFace
from auface_gen.columns import COLUMNS
from auface_gen.generator.checkpoint import weights_folder
from facs_text import describe
from facs_text.pictures import read_rgb

CODES = ("0", "12E", "L12E", "R12E", "1E+2E", "26E", "43E", "26A", "26C")
PEOPLE = (0, 1, 2)  # what is asserted holds on average over them


@pytest.fixture(scope="module")
def model() -> AUFace:
    return AUFace.from_pretrained(device="cpu")


@pytest.fixture(scope="module")
def faces(model: AUFace) -> dict[str, np.ndarray]:
    """(P, S, S, 3) pictures of the people by codes."""
    drawn = [model.generate(list(CODES), identity_seed=person) for person in PEOPLE]
    return {
        codes: np.stack([np.asarray(row[i].image, float) for row in drawn])
        for i, codes in enumerate(CODES)
    }


def moved(faces: dict[str, np.ndarray], codes: str) -> np.ndarray:
    """(S, S) how much each pixel differs from the face at rest, in levels of 255."""
    change: np.ndarray = np.abs(faces[codes] - faces["0"]).mean((0, 3))
    return change


def reach(model: AUFace, *units: str) -> np.ndarray:
    """(S, S) bool where the anatomical prior says that units move the face."""
    maps = model.prior.numpy()
    of = [maps[i] for i, (unit, _) in enumerate(COLUMNS) if unit in units]
    cells = np.max(of, 0) > 0.1
    return np.kron(cells, np.ones((model.size // len(cells),) * 2, bool))


def test_left_and_right_are_the_right_way_round(faces: dict[str, np.ndarray]) -> None:
    half = faces["0"].shape[2] // 2
    left, right = moved(faces, "L12E")[half:], moved(faces, "R12E")[half:]
    assert left[:, half:].sum() > 1.5 * left[:, :half].sum()  # its own left: the picture's right
    assert right[:, :half].sum() > 1.5 * right[:, half:].sum()


@pytest.mark.parametrize(
    ("codes", "units"),
    [("1E+2E", ("AU1", "AU2")), ("26E", ("AU26",)), ("43E", ("AU43",)), ("12E", ("AU12",))],
)
def test_units_move_their_own_region(
    model: AUFace, faces: dict[str, np.ndarray], codes: str, units: tuple[str, ...]
) -> None:
    change, where = moved(faces, codes), reach(model, *units)
    assert change.mean() > 0.3
    assert change[where].mean() > 3 * change[~where].mean()  # of true renders 5.5 and more


def test_brows_move_above_the_jaw(faces: dict[str, np.ndarray]) -> None:
    brows, jaw = moved(faces, "1E+2E"), moved(faces, "26E")
    upper = len(brows) * 7 // 16
    assert brows[:upper].sum() > 2 * brows[upper:].sum()
    assert jaw[upper:].sum() > 2 * jaw[:upper].sum()


def test_at_rest_is_the_reference_to_the_bit(model: AUFace, faces: dict[str, np.ndarray]) -> None:
    for i, person in enumerate(PEOPLE):
        reference = np.asarray(read_rgb(model.people[person]))
        assert reference.shape == (model.size, model.size, 3)
        np.testing.assert_array_equal(faces["0"][i], reference)


def test_another_person_is_another_and_stays_one(faces: dict[str, np.ndarray]) -> None:
    one, other = faces["12E"][0], faces["12E"][1]
    own = np.abs(one - faces["0"][0]).mean()
    assert np.abs(one - other).mean() > 2 * own


def test_stronger_is_more(faces: dict[str, np.ndarray]) -> None:
    change = [moved(faces, codes).mean() for codes in ("26A", "26C", "26E")]
    assert change[0] < change[1] < change[2]


def test_a_text_of_ones_own_is_drawn_as_it_reads(
    model: AUFace, faces: dict[str, np.ndarray]
) -> None:
    text = describe("26E", seed=3).text
    again = [model.generate(text, identity_seed=person)[0].image for person in PEOPLE]
    apart = np.mean([np.abs(np.asarray(a) - faces["26E"][i]).mean() for i, a in enumerate(again)])
    assert apart < 0.5 * moved(faces, "26E").mean()


def test_a_portrait_stays_that_person_outside_what_moves(model: AUFace) -> None:
    """Somebody of the bank mirrored and in other colours, whom it has never seen."""
    pixels = np.asarray(read_rgb(model.people[3]))[:, ::-1].astype(float)
    portrait = np.clip(pixels * (0.9, 1.0, 1.1) + 6, 0, 255).round().astype(np.uint8)
    rest, jaw = (
        np.asarray(g.image, float) for g in model.generate(["0", "26E"], identity=portrait)
    )
    np.testing.assert_array_equal(rest, portrait)
    change, where = np.abs(jaw - portrait).mean(2), reach(model, "AU26")
    assert change[where].mean() > 1
    assert change[~where].mean() < change[where].mean() / 3
    brows = model.generate("1E+2E", identity=Image.fromarray(portrait))[0]
    below = np.abs(np.asarray(brows.image, float) - portrait)[model.size * 5 // 8 :]
    assert below.mean() < 1


def test_there_are_people_enough_and_the_weights_are_small(model: AUFace) -> None:
    assert model.size == 256
    assert len(model.people) >= 30
    files = [path for path in weights_folder().rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 60e6
    assert model.digest in (weights_folder() / "README.md").read_text("utf-8")  # its card


def test_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    snippets = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, "README.md", "exec"), {})
    assert (tmp_path / "smile.png").exists()
