"""Asked and seen: a judge looks, and chooses only where it may."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auface_gen import AUFace, AUFaceGenError
from auface_gen.check import Seen
from facs_text import Coding


@dataclass
class Brightness:
    """A judge that likes bright pictures."""

    id: str = "bright:0"
    may_choose: bool = True
    asked: list[str] = field(default_factory=list)
    rest: list[Image.Image] = field(default_factory=list)

    def __call__(
        self,
        pictures: Sequence[Image.Image],
        at_rest: Sequence[Image.Image],
        asked: Sequence[Coding],
    ) -> list[Seen]:
        self.asked += [str(c) for c in asked]
        self.rest += list(at_rest)
        return [
            Seen(self.id, 1 - float(np.mean(p)) / 255, {"AU12L": (4.0, 2.0)}, "too little")
            for p in pictures
        ]


@pytest.fixture
def model(model_folder: Path) -> AUFace:
    return AUFace.from_pretrained(model_folder, device="cpu")


def test_a_judge_sees_each_picture_beside_the_person_at_rest(model: AUFace, tmp_path: Path) -> None:
    judge = Brightness()
    made = model.generate(["12D", "4B"], identity_seed=1, steps=1, check=judge, batch=1)
    assert judge.asked == ["12D", "4B"]
    assert judge.rest[0].size == made[0].image.size
    assert judge.rest[0].tobytes() == judge.rest[1].tobytes()
    assert made[0].seen is not None
    assert made[0].detectors == ()  # it looked and did not choose
    made[0].save(tmp_path / "face.png")
    with Image.open(tmp_path / "face.png") as image:
        seen = json.loads(image.text["auface:seen"])
    assert seen["detector"] == "bright:0"
    assert seen["units"] == {"AU12L": {"asked": 4.0, "seen": 2.0}}
    assert seen["best_of"] == 1


def test_the_best_of_several_is_kept_and_can_be_drawn_again(model: AUFace, tmp_path: Path) -> None:
    judge = Brightness()
    how = {"identity_seed": 1, "steps": 4, "temperature": 2.0}
    kept = model.generate("12D", count=2, seed=10, check=judge, best_of=3, **how)
    every = model.generate("12D", count=6, seed=10, check=judge, **how)
    for one, candidates in zip(kept, (every[:3], every[3:]), strict=True):
        best = min(candidates, key=lambda m: m.seen.distance)
        assert one.image.tobytes() == best.image.tobytes()
        assert one.seed == best.seed
        assert one.seen.best_of == 3
        assert one.detectors == ("bright:0",)
    again = model.generate("12D", seed=kept[1].seed, **how)[0]
    assert again.image.tobytes() == kept[1].image.tobytes()
    kept[0].save(tmp_path / "face.png")
    with Image.open(tmp_path / "face.png") as image:
        assert json.loads(image.text["auface:detectors"]) == ["bright:0"]


def test_candidates_are_one_person(model: AUFace) -> None:
    made = model.generate("12D", count=2, steps=1, temperature=1.0, check=Brightness(), best_of=2)
    assert [m.identity for m in made] == ["seed:0", "seed:1"]


def test_the_scoring_detector_may_look_and_not_choose(model: AUFace) -> None:
    judge = Brightness(may_choose=False)
    assert model.generate("12D", steps=1, check=judge)[0].seen is not None
    with pytest.raises(AUFaceGenError, match="scores"):
        model.generate("12D", steps=1, temperature=1.0, check=judge, best_of=2)


@pytest.mark.parametrize("wrong", [{"temperature": 1.0}, {"check": Brightness()}, {"best_of": 0}])
def test_choosing_needs_eyes_and_a_choice(model: AUFace, wrong: dict) -> None:
    with pytest.raises(AUFaceGenError, match="best_of"):
        model.generate("12D", **({"best_of": 2} | wrong))


def test_a_face_that_nobody_saw_is_not_the_best(model: AUFace) -> None:
    class Blind(Brightness):
        def __call__(self, pictures, at_rest, asked):
            seen = super().__call__(pictures, at_rest, asked)
            nothing = Seen(self.id, float("nan"), {}, "no face was found")
            return [nothing, *seen[1:]] if pictures else seen

    made = model.generate("12D", steps=1, temperature=1.0, check=Blind(), best_of=2)[0]
    assert made.seed == 1
    assert Seen("x", float("nan"), {}, "none").to_json()["distance"] is None
