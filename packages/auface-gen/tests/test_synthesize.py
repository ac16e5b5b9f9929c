"""A corpus from seeds: its sittings and splits, resumed after a full disk, refused when begun
otherwise. A made-up painter stands in for the renderer.
"""

import errno
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from auface_gen.corpus import render as corpus_render
from auface_gen.corpus import sitting as sittings
from auface_gen.corpus.census import corpus_statistics
from auface_gen.corpus.render import HELD_OUT_PAIRS, render_corpus, split_of
from auface_gen.errors import AUFaceGenError, WorkFailed
from auface_gen.picture import mitsuba_variant as variant
from auface_gen.picture import render, skin
from auface_gen.picture.people import Light, Person
from auface_gen.rig.move import Rig
from auface_gen.rig.units import HeadPose
from facs_text import corpus


class Painter:
    """A sitting whose pictures are plain, by person, light and how much is done."""

    def __init__(self, job: sittings.Job) -> None:
        self.job = job

    def head_pose(self, activations: dict[str, dict[str, float]]) -> HeadPose:
        return HeadPose(yaw=25.0 * sum(activations.get("AU51", {}).values()))

    def landmarks(self, activations: dict[str, dict[str, float]]) -> np.ndarray:
        return np.linspace([0, 0], [self.job.size, self.job.size], 68)

    def render(self, activations: dict[str, dict[str, float]]) -> np.ndarray:
        done = sum(v for sides in activations.values() for v in sides.values())
        colour = [self.job.person % 256, self.job.light % 256, int(done * 20) % 256]
        return np.full((self.job.size, self.job.size, 3), colour, np.uint8)


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch, rig: Rig) -> SimpleNamespace:
    monkeypatch.setattr(sittings, "_sitting", Painter)
    monkeypatch.setattr(corpus_render.Rig, "load", lambda path: rig)

    def render(out: Path, **settings: object) -> Path:
        given = {"count": 120, "size": 32, "per_sitting": 6, "workers": 1, "variant": "scalar_rgb"}
        return render_corpus(out, rig="made-up.npz", **(given | settings))

    return SimpleNamespace(render=render)


def everything(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_splits_hold_one_in_ten() -> None:
    splits = [split_of(i) for i in range(300)]
    assert splits.count("valid") == splits.count("test") == 30


def test_people_and_lights_come_from_their_seeds() -> None:
    assert Person.from_seed(3) == Person.from_seed(3) != Person.from_seed(4)
    assert Light.from_seed(3) == Light.from_seed(3) != Light.from_seed(4)


def test_the_default_corpus_is_300_people_in_two_sittings(tmp_path: Path) -> None:
    made = list(
        sittings.plan_jobs(
            tmp_path, "rig", count=12_600, sittings=2, per_sitting=21, seed=0, size=128,
            samples=20, variant="scalar_rgb",
        )
    )  # fmt: skip
    assert len(made) == 600
    assert len({j.light for j in made}) == 600
    people = {j.subject: j.split for j in made}
    assert len(people) == 300
    assert [list(people.values()).count(s) for s in corpus.SPLITS] == [240, 30, 30]
    assert all(j.count == 21 for j in made)
    assert all(len(j.codings) == 21 and j.codings[0] == ("neutral", "0") for j in made[::20])


def test_a_corpus_is_in_order_and_every_sitting_has_its_neutral(
    tmp_path: Path, painted: SimpleNamespace
) -> None:
    root = painted.render(tmp_path / "c")
    assert corpus.check(root).ok
    rows = [row for split in corpus.SPLITS for row in corpus.read(root, split)]
    assert len(rows) == 120
    by_name = {row.file_name: row for row in rows}
    for row in rows:
        rest = by_name[str(row.neutral)]
        assert rest.codes == "0"
        assert rest.extra["light_seed"] == row.extra["light_seed"]
        assert rest.subject == row.subject
    assert len({r.neutral for r in rows if r.subject == "p00000"}) == 2
    about = json.loads((root / "corpus.json").read_text())
    assert len(about["held_out_pairs"]) == len(HELD_OUT_PAIRS)
    assert (root / "sheet.png").exists()
    assert "not a row" in about["contact_sheet"]
    assert not list(root.rglob("*.part"))


def test_statistics_count_what_is_there(tmp_path: Path, painted: SimpleNamespace) -> None:
    found = corpus_statistics(painted.render(tmp_path / "c"))
    assert found.total == 120
    assert found.people == {"train": 8, "valid": 1, "test": 1}
    assert found.kinds["neutral"] == 20
    assert sum(found.kinds.values()) == 120
    for unit in found.units.values():
        assert sum(unit.levels.values()) == sum(unit.sides.values()) == unit.pictures
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["bp4d"]["12"]["bp4d"] == 0.562
    assert set(plain["held_out_pairs"]) == set(found.held_out)
    assert not any("train" in by for by in found.held_out.values())
    with pytest.raises(AUFaceGenError, match="not a corpus"):
        corpus_statistics(tmp_path / "none")


def test_a_full_disk_is_told_and_gone_on_after(
    tmp_path: Path, painted: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = everything(painted.render(tmp_path / "whole"))
    room = 6_000
    write = Path.write_bytes

    def until_full(path: Path, data: bytes) -> int:
        nonlocal room
        room -= len(data)
        if room < 0:
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", until_full)
        with pytest.raises(WorkFailed) as told:
            painted.render(tmp_path / "c")
    said = str(told.value)
    assert "\n" not in said
    assert f"{tmp_path / 'c'}" in said
    assert "cannot be written: No space left on device; make room and run the same" in said
    left = everything(tmp_path / "c")
    assert left
    assert all(whole[name] == data for name, data in left.items())
    assert everything(painted.render(tmp_path / "c")) == whole


def test_the_rows_too_are_told_of_a_full_disk(
    tmp_path: Path, painted: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(corpus_render.CorpusWriter, "add", full)
        with pytest.raises(WorkFailed, match=r"corpus\.json cannot be written.*make room"):
            painted.render(tmp_path / "c")
    assert not list(tmp_path.rglob("metadata.jsonl"))
    assert corpus.check(painted.render(tmp_path / "c")).ok


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, painted: SimpleNamespace) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(AUFaceGenError, match=r"file.*cannot be written") as told:
        painted.render(tmp_path / "file" / "c")
    assert not isinstance(told.value, WorkFailed)


def test_other_settings_do_not_mix(tmp_path: Path, painted: SimpleNamespace) -> None:
    painted.render(tmp_path / "c")
    with pytest.raises(AUFaceGenError, match=r"begun with seed=0, not seed=1: give another folder"):
        painted.render(tmp_path / "c", seed=1)
    (tmp_path / "c" / ".parts" / "settings.json").write_text("{")
    with pytest.raises(AUFaceGenError, match=r"settings\.json is no JSON"):
        painted.render(tmp_path / "c")
    with pytest.raises(AUFaceGenError, match="at least 2"):
        painted.render(tmp_path / "d", count=1)
    (tmp_path / "c" / ".parts" / "settings.json").write_text("[1]")
    with pytest.raises(AUFaceGenError, match=r"settings\.json holds no settings"):
        painted.render(tmp_path / "c")
    with pytest.raises(AUFaceGenError, match="seed=-1"):
        painted.render(tmp_path / "d", seed=-1)
    with pytest.raises(AUFaceGenError, match="workers=0"):
        painted.render(tmp_path / "d", workers=0)
    with pytest.raises(AUFaceGenError, match="no variant 'abacus' here: one of .*scalar_rgb"):
        painted.render(tmp_path / "d", variant="abacus")


def test_a_variant_of_llvm_needs_one_that_works(
    tmp_path: Path, painted: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variant, "fastest_variant", lambda: "scalar_rgb")
    with pytest.raises(AUFaceGenError, match="no LLVM that works was found"):
        painted.render(tmp_path / "c", variant="llvm_ad_rgb")
    monkeypatch.setattr(variant, "fastest_variant", lambda: "llvm_ad_rgb")
    root = painted.render(tmp_path / "c", variant="llvm_ad_rgb")
    assert json.loads((root / "corpus.json").read_text())["render"]["variant"] == "llvm_ad_rgb"


@pytest.mark.parametrize("what", ["_LOOK", "_MIXTURE", "_rules_digest", "auface_gen", "facs_text"])
def test_other_rules_do_not_mix(
    tmp_path: Path, painted: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    painted.render(tmp_path / "c")
    changed = {
        "_LOOK": -1,
        "_MIXTURE": -1,
        "_rules_digest": lambda: "other",
        "auface_gen": SimpleNamespace(__version__="0.0.0"),
        "facs_text": SimpleNamespace(__version__="0.0.0"),
    }
    monkeypatch.setattr(corpus_render, what, changed[what])
    with pytest.raises(AUFaceGenError, match="was begun with"):
        painted.render(tmp_path / "c")


def test_words_are_those_of_the_picture(
    tmp_path: Path, painted: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sitting that is whole keeps its words: they are not made anew when a run goes on."""
    before = everything(painted.render(tmp_path / "c"))

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a whole sitting was resolved again")

    monkeypatch.setattr(sittings, "resolve", never)
    monkeypatch.setattr(sittings, "describe", never)
    assert everything(painted.render(tmp_path / "c")) == before


def test_parts_and_pictures_that_are_damaged_are_rendered_again(
    tmp_path: Path, painted: SimpleNamespace
) -> None:
    root = painted.render(tmp_path / "c")
    before = everything(root)
    parts = sorted((root / ".parts").glob("*.jsonl"))
    parts[0].write_bytes(parts[0].read_bytes()[:-200])  # within a line
    whole = parts[1].read_text().splitlines(keepends=True)
    parts[1].write_text("".join(whole[:-1]))  # a row less
    parts[2].write_text("[1]\n" * len(whole))
    parts[3].write_text("{}\n" * len(whole))
    name = json.loads(parts[4].read_text().splitlines()[3])["file_name"]
    next(root.glob(f"*/{name}")).unlink()
    done: list[tuple[int, int]] = []
    painted.render(root, progress=lambda now, total: done.append((now, total)))
    assert everything(root) == before
    assert done[0] == (120 - 5 * 6, 120)
    painted.render(root, progress=lambda now, total: done.append((now, total)))
    assert done[-1] == (120, 120)


def test_people_of_two_seeds_differ(tmp_path: Path) -> None:
    plans = [
        list(
            sittings.plan_jobs(
                tmp_path, "rig", count=400, sittings=2, per_sitting=2, seed=seed, size=32,
                samples=1, variant="scalar_rgb",
            )
        )
        for seed in (0, 9, 18)
    ]  # fmt: skip
    assert len({job.person for plan in plans for job in plan}) == 300
    assert len({job.light for plan in plans for job in plan}) == 600
    assert [job.person for job in plans[0]][:3] == [0, 0, 1]


def test_the_variant_and_an_unknown_rig_are_told(
    tmp_path: Path, painted: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, rig: Rig
) -> None:
    said: list[str] = []
    root = painted.render(tmp_path / "c", tell=said.append)
    assert "no edition of ICT-FaceKit that is known" in said[0]
    assert said[1].endswith("variant scalar_rgb")
    assert json.loads((root / "corpus.json").read_text())["render"]["rig_edition"] == "unknown"
    arrays = {name: getattr(rig, name) for name in vars(rig) if name in rig.__dataclass_fields__}
    known = corpus_render.mean_face_digest(arrays)
    monkeypatch.setitem(corpus_render.KNOWN_MEAN_FACES, known, "made up")
    said.clear()
    root = painted.render(tmp_path / "d", tell=said.append)
    assert len(said) == 1
    assert json.loads((root / "corpus.json").read_text())["render"]["rig_edition"] == "made up"


def test_the_rigs_digest_has_all_its_arrays(made_up_arrays) -> None:
    arrays = made_up_arrays(60)
    arrays["faces"], arrays["face_uv"] = arrays["faces"] % 60, arrays["face_uv"] % 60
    plain = corpus_render._digest(Rig.from_arrays(arrays))
    for name, array in arrays.items():
        other = corpus_render._digest(Rig.from_arrays({**arrays, name: array[::-1]}))
        assert other != plain, name


def test_another_variant_is_not_rendered_with_the_first(
    monkeypatch: pytest.MonkeyPatch, rig: Rig
) -> None:
    made: list[str] = []
    monkeypatch.setattr(sittings, "_STATE", {})
    monkeypatch.setattr(sittings.Rig, "load", lambda path: rig)
    monkeypatch.setattr(render, "mitsuba", made.append)
    monkeypatch.setattr(render, "RigMeshes", lambda rig: made[-1])
    monkeypatch.setattr(render, "Sitting", lambda rig, meshes, *_, **__: meshes)
    monkeypatch.setattr(skin.SkinMap, "build", lambda rig: None)
    plan = {"root": "r", "rig": "rig", "split": "train", "person": 0, "light": 0, "seed": 0}
    plan |= {"index": 0, "count": 2, "stride": 2, "size": 32, "samples": 1}
    order = ["scalar_rgb", "scalar_rgb", "cuda_ad_rgb", "scalar_rgb"]
    assert [sittings._sitting(sittings.Job(**plan, variant=v)) for v in order] == order
    assert made == ["scalar_rgb", "cuda_ad_rgb", "scalar_rgb"]


def test_bad_codes_are_named_with_file_and_line(tmp_path: Path, painted: SimpleNamespace) -> None:
    root = painted.render(tmp_path / "c")
    path = root / "train" / "metadata.jsonl"
    lines = path.read_text().splitlines()
    row = json.loads(lines[2]) | {"codes": "12Q"}
    path.write_text("\n".join([*lines[:2], "", json.dumps(row), *lines[3:]]) + "\n")
    with pytest.raises(
        AUFaceGenError, match=r"train.metadata\.jsonl, line 4: position 2: .*found 'Q'"
    ):
        corpus_statistics(root)
