"""A corpus from seeds: its sittings and splits, resumed after a full disk, refused when begun
otherwise. A made-up painter stands in for the renderer.
"""

import errno
import json
import tarfile
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auface_gen.codings.mixture import HELD_OUT_PAIRS
from auface_gen.corpus import assemble, presets, shard
from auface_gen.corpus import render as corpus_render
from auface_gen.corpus import sitting as sittings
from auface_gen.corpus.census import take_census
from auface_gen.corpus.plan import CorpusPlan, SittingPlan
from auface_gen.corpus.render import plan_lines, plan_rows, render_corpus
from auface_gen.errors import AUFaceGenError, WorkFailed
from auface_gen.picture import mitsuba_variant as variant
from auface_gen.picture import render, skin
from auface_gen.picture.people import Light, Person
from auface_gen.rig.move import Rig
from auface_gen.rig.units import HeadPose
from facs_text import Coding, corpus


class Painter:
    """A sitting whose pictures are plain, by person, light and how much is done."""

    def __init__(self, task: shard.ShardTask, sitting: SittingPlan) -> None:
        self.size, self.sitting = task.plan.size, sitting

    def head_pose(self, activations: dict[str, dict[str, float]]) -> HeadPose:
        return HeadPose(yaw=25.0 * sum(activations.get("AU51", {}).values()))

    def landmarks(self, activations: dict[str, dict[str, float]]) -> np.ndarray:
        return np.linspace([0, 0], [self.size, self.size], 68)

    def render(self, activations: dict[str, dict[str, float]]) -> np.ndarray:
        done = sum(v for sides in activations.values() for v in sides.values())
        colour = [self.sitting.person % 256, self.sitting.light % 256, int(done * 20) % 256]
        return np.full((self.size, self.size, 3), colour, np.uint8)


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch, rig: Rig) -> SimpleNamespace:
    monkeypatch.setattr(shard, "_painter", Painter)
    monkeypatch.setattr(corpus_render.Rig, "load", lambda path: rig)

    def render(out: Path, **settings: object) -> Path:
        numbers = {"count": 120, "size": 32, "per_sitting": 6, "people_per_shard": 3}
        numbers |= {k: settings.pop(k) for k in list(settings) if k in PLAN}
        given = {"workers": 1, "variant": "scalar_rgb"} | settings
        return render_corpus(out, rig="made-up.npz", plan=CorpusPlan(**numbers), **given)

    return SimpleNamespace(render=render)


PLAN = [f.name for f in fields(CorpusPlan)]


def everything(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_people_and_lights_come_from_their_seeds() -> None:
    assert Person.from_seed(3) == Person.from_seed(3) != Person.from_seed(4)
    assert Light.from_seed(3) == Light.from_seed(3) != Light.from_seed(4)


def test_the_default_corpus_is_300_people_in_two_sittings() -> None:
    plan = CorpusPlan()
    made = [sitting for shard in plan.shards() for sitting in plan.sittings_of(shard)]
    assert len(made) == 600
    assert len({j.light for j in made}) == 600
    people = {j.subject: j.split for j in made}
    assert len(people) == plan.people == 300
    assert [list(people.values()).count(s) for s in corpus.SPLITS] == [240, 30, 30]
    assert all(j.count == 21 for j in made)
    for sitting in made[::20]:
        asked = sittings.codings(sitting)
        assert len(asked) == 21
        assert asked[0] == ("neutral", Coding(()))


@given(
    count=st.integers(2, 3000), sittings=st.integers(1, 3), per_sitting=st.integers(2, 9),
    people_per_shard=st.integers(1, 9), parts=st.integers(1, 7),
)  # fmt: skip
def test_a_plan_counts_what_it_has(parts: int, **numbers: int) -> None:
    plan = CorpusPlan(**numbers)
    shards = list(plan.shards())
    assert len(shards) == plan.shard_count == len({s.name for s in shards})
    counts = dict.fromkeys(corpus.SPLITS, 0)
    people: dict[int, str] = {}
    for one in shards:
        found = list(plan.sittings_of(one))
        assert sum(s.count for s in found) == plan.pictures_in(one)
        counts[one.split] += plan.pictures_in(one)
        people |= {s.person: s.split for s in found}
    assert counts == {split: plan.pictures_of(split) for split in corpus.SPLITS}
    assert sum(counts.values()) == plan.count
    assert sorted(people) == list(range(plan.people))
    assert all(split == corpus.split_of_number(person) for person, split in people.items())
    some = [list(plan.shards((i + 1, parts))) for i in range(parts)]
    assert sorted(s.name for p in some for s in p) == sorted(s.name for s in shards)
    for i, part in enumerate(some):
        assert sum(map(plan.pictures_in, part)) == plan.pictures_in_part((i + 1, parts))


def test_no_corpus_is_too_large_to_plan() -> None:
    plan = CorpusPlan(count=10**10, seed=7)
    assert plan.shard_count > 10**7
    assert next(plan.shards((9, 10))).number == 8
    assert 0.9e9 < plan.pictures_in_part((9, 10)) < 1.1e9
    assert next(plan_rows(plan)).subject == "p70000"


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
    found = take_census(painted.render(tmp_path / "c"))
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
        take_census(tmp_path / "none")


def test_a_full_disk_is_told_and_resumed_after(
    tmp_path: Path, painted: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = everything(painted.render(tmp_path / "whole"))
    room = [sum(map(len, pictures(whole).values())) // 2]
    add = tarfile.TarFile.addfile

    def until_full(tar: tarfile.TarFile, info: tarfile.TarInfo, data: object = None) -> None:
        room[0] -= info.size
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        add(tar, info, data)

    with monkeypatch.context() as patch:
        patch.setattr(tarfile.TarFile, "addfile", until_full)
        with pytest.raises(WorkFailed) as told:
            painted.render(tmp_path / "c", people_per_shard=1)
    said = str(told.value)
    assert "\n" not in said
    assert f"{tmp_path / 'c'}" in said
    assert "cannot be written: No space left on device; make room and run the same" in said
    left = [p.name for p in (tmp_path / "c" / ".parts").glob("*")]
    assert sum(name.endswith(".tar") for name in left) >= 1
    assert not any(name.endswith(".part") for name in left)
    done: list[tuple[int, int]] = []
    root = painted.render(
        tmp_path / "c", people_per_shard=1, progress=lambda *now: done.append(now)
    )
    assert done[1][0] == 12  # what was whole is not made again
    assert pictures(everything(root)) == pictures(whole)


def pictures(files: dict[str, bytes]) -> dict[str, bytes]:
    """What a corpus holds for its readers, whatever it was made from."""
    return {k: v for k, v in files.items() if k.endswith((".png", "metadata.jsonl"))}


def test_the_rows_too_are_told_of_a_full_disk(
    tmp_path: Path, painted: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(assemble.CorpusWriter, "add", full)
        with pytest.raises(WorkFailed, match=r"corpus\.json cannot be written.*make room"):
            painted.render(tmp_path / "c")
    assert not list(tmp_path.rglob("metadata.jsonl"))
    assert corpus.check(painted.render(tmp_path / "c")).ok


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, painted: SimpleNamespace) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(AUFaceGenError, match=r"file.*cannot be written") as told:
        painted.render(tmp_path / "file" / "c")
    assert not isinstance(told.value, WorkFailed)


def test_a_file_in_the_place_of_the_folder_is_told_before_the_rig_is_read(tmp_path: Path) -> None:
    place = tmp_path / "corpus.zip"
    place.write_text("mine")
    with pytest.raises(AUFaceGenError, match=r"corpus\.zip is a file: name a folder"):
        render_corpus(place, rig=tmp_path / "none.npz")
    assert place.read_text() == "mine"


def test_other_settings_do_not_mix(tmp_path: Path, painted: SimpleNamespace) -> None:
    painted.render(tmp_path / "c")
    with pytest.raises(AUFaceGenError, match=r"begun with seed=0, not seed=1: give another folder"):
        painted.render(tmp_path / "c", seed=1)
    (tmp_path / "c" / ".parts" / "settings.json").write_text("{")
    with pytest.raises(AUFaceGenError, match=r"settings\.json is no JSON"):
        painted.render(tmp_path / "c")
    with pytest.raises(AUFaceGenError, match="count=1: at least 2"):
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


@pytest.mark.parametrize("what", ["LOOK", "MIXTURE", "_rules_digest", "auface_gen", "facs_text"])
def test_other_rules_do_not_mix(
    tmp_path: Path, painted: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    painted.render(tmp_path / "c")
    changed = {
        "LOOK": -1,
        "MIXTURE": -1,
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
    """A shard that is whole keeps its words: they are not made anew when a run is resumed."""
    before = everything(painted.render(tmp_path / "c"))

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a whole shard was resolved again")

    monkeypatch.setattr(sittings, "resolve", never)
    monkeypatch.setattr(sittings, "make_row", never)
    assert everything(painted.render(tmp_path / "c")) == before


def test_rows_and_pictures_that_are_damaged_are_made_again(
    tmp_path: Path, painted: SimpleNamespace
) -> None:
    root = painted.render(tmp_path / "c", people_per_shard=1)
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
    painted.render(root, people_per_shard=1, progress=lambda *now: done.append(now))
    assert everything(root) == before
    assert done[0] == (0, 120)
    assert done[-1] == (120, 120)


def test_a_shard_that_is_cut_is_named(tmp_path: Path, painted: SimpleNamespace) -> None:
    painted.render(tmp_path / "c", part=(1, 1))
    tar = next((tmp_path / "c" / ".parts").glob("*.tar"))
    tar.write_bytes(tar.read_bytes()[:5000])
    with pytest.raises(WorkFailed, match=rf"{tar.name}.*; remove .*{tar.name} and run the same"):
        painted.render(tmp_path / "c")
    tar.unlink()
    assert corpus.check(painted.render(tmp_path / "c")).ok


def test_parts_in_any_order_are_the_whole(tmp_path: Path, painted: SimpleNamespace) -> None:
    whole = everything(painted.render(tmp_path / "whole"))
    for part in ((3, 3), (1, 3), (1, 3), (2, 3)):
        assert not (tmp_path / "c" / "corpus.json").exists()
        painted.render(tmp_path / "c", part=part)
    painted.render(tmp_path / "c")
    assert everything(tmp_path / "c") == whole
    with pytest.raises(AUFaceGenError, match="part=4/3: from 1/3 to 3/3"):
        painted.render(tmp_path / "c", part=(4, 3))


def test_shards_hold_what_the_folder_does(tmp_path: Path, painted: SimpleNamespace) -> None:
    folder = painted.render(tmp_path / "folder")
    shards = painted.render(tmp_path / "shards", layout="shards")
    plan = CorpusPlan(count=120, per_sitting=6, people_per_shard=3)
    assert len(list(shards.glob("*.tar"))) == plan.shard_count
    for split in corpus.SPLITS:
        rows = list(corpus.read(folder, split))
        found = list(corpus.read_shards(shards, split))
        assert [row for row, _ in found] == rows
        for row, picture in found:
            assert picture == (folder / split / row.file_name).read_bytes()
    about, same = (json.loads((root / "corpus.json").read_text()) for root in (shards, folder))
    assert about["counts"] == same["counts"]
    assert about["subjects"] == same["subjects"]
    with pytest.raises(AUFaceGenError, match="layout='folder', not layout='shards'"):
        painted.render(folder, layout="shards")
    with pytest.raises(AUFaceGenError, match="layout='zip': one of folder, shards"):
        painted.render(tmp_path / "z", layout="zip")


def plain(row: corpus.CorpusRow) -> str:
    """A row without what only the picture tells."""
    extra = {k: v for k, v in row.extra.items() if k not in ("landmarks", "head_pose")}
    return replace(row, extra=extra).to_json()


def test_a_dry_run_says_the_rows_of_the_corpus(tmp_path: Path, painted: SimpleNamespace) -> None:
    root = painted.render(tmp_path / "c")
    plan = CorpusPlan(count=120, size=32, per_sitting=6, people_per_shard=3)
    rows = [row.to_json() for row in plan_rows(plan)]
    found = [row for split in corpus.SPLITS for row in corpus.read(root, split)]
    there = [plain(row) for row in found]
    assert rows == there
    assert all(np.shape(row.extra["landmarks"]) == (68, 2) for row in found)
    assert all(set(row.extra["head_pose"]) == {"yaw", "pitch", "roll"} for row in found)
    parts = [row.to_json() for i in (1, 2) for row in plan_rows(plan, part=(i, 2))]
    assert sorted(parts) == sorted(there)
    for workers in (1, 2):
        assert "".join(plan_lines(plan, workers=workers)).splitlines() == there


class Losing(ThreadPoolExecutor):
    """An executor one of whose workers is ended from outside after some tasks."""

    def __init__(self, tasks: int) -> None:
        super().__init__(2)
        self.left = tasks

    def submit(self, fn, /, *args, **kwargs):
        self.left -= 1
        if self.left < 0:
            raise BrokenExecutor("a worker was ended")
        return super().submit(fn, *args, **kwargs)


def test_a_worker_that_is_ended_loses_nothing(tmp_path: Path, painted: SimpleNamespace) -> None:
    whole = everything(painted.render(tmp_path / "whole"))
    with Losing(2) as executor, pytest.raises(WorkFailed, match="ended from outside") as told:
        painted.render(tmp_path / "c", executor=executor)
    assert "the shards that are whole are kept" in str(told.value)
    assert not (tmp_path / "c" / "corpus.json").exists()
    done: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as executor:
        painted.render(tmp_path / "c", executor=executor, progress=lambda *now: done.append(now))
    assert done[-1] == (120, 120)
    assert everything(tmp_path / "c") == whole


def test_workers_are_a_number_or_an_address(tmp_path: Path, painted: SimpleNamespace) -> None:
    for workers, said in (("many", "a number, or dask://"), ("dask://", "dask://HOST:PORT")):
        with pytest.raises(AUFaceGenError, match=said):
            painted.render(tmp_path / "c", workers=workers)


def test_a_named_corpus_is_that_of_this_version() -> None:
    """A name stands for bytes: raising the mixture or the look needs another name."""
    made = {"mixture": corpus_render.MIXTURE, "look": corpus_render.LOOK}
    for name in presets.CORPORA:
        assert presets.corpus_preset(name, **made).plan.count > 0
        with pytest.raises(AUFaceGenError, match="which is another corpus"):
            presets.corpus_preset(name, **(made | {"look": -1}))
    plan = presets.CORPORA["auface-302k"].plan
    assert plan.count == 302_400
    assert [plan.people_of(s) for s in corpus.SPLITS] == [5760, 720, 720]
    with pytest.raises(AUFaceGenError, match="no corpus is called 'x': one of auface-302k"):
        presets.corpus_preset("x", mixture=0, look=0)


def test_people_of_two_seeds_differ() -> None:
    made = [
        [s for shard in plan.shards() for s in plan.sittings_of(shard)]
        for plan in (CorpusPlan(count=400, per_sitting=2, seed=seed) for seed in (0, 9, 18))
    ]
    assert len({s.person for plan in made for s in plan}) == 300
    assert len({s.light for plan in made for s in plan}) == 600
    assert [s.person for s in made[0]][:3] == [0, 0, 1]


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
    monkeypatch.setattr(shard, "_STATE", {})
    monkeypatch.setattr(shard.Rig, "load", lambda path: rig)
    monkeypatch.setattr(render, "mitsuba", made.append)
    monkeypatch.setattr(render, "RigMeshes", lambda rig: made[-1])
    monkeypatch.setattr(render, "Sitting", lambda rig, meshes, *_, **__: meshes)
    monkeypatch.setattr(skin.SkinMap, "build", lambda rig: None)
    plan = CorpusPlan(count=2)
    one = next(plan.shards())
    sitting = next(plan.sittings_of(one))
    order = ["scalar_rgb", "scalar_rgb", "cuda_ad_rgb", "scalar_rgb"]
    tasks = [shard.ShardTask(plan, one, "folder", "rig", variant) for variant in order]
    assert [shard._painter(task, sitting) for task in tasks] == order
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
        take_census(root)
