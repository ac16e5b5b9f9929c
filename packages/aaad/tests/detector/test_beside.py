"""The networks beside the detector: landmarks, identity, tears. They learn, they ship, they say."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from aaad import (
    AAADError,
    IdentityRun,
    LandmarkRun,
    TearRun,
    train_identity,
    train_landmarks,
    train_tears,
)
from aaad.identity import Identity
from aaad.images import find_pictures
from aaad.landmarks import Landmarker, LandmarkNet
from aaad.landmarks.augment import augment, texture
from aaad.landmarks.model import LandmarkConfig
from aaad.points import MIRROR
from aaad.scoring import score
from aaad.tears import PARTS, Tears
from aaad.tears.made import tear

SIZE = 48


def face(rng, shift):
    """A grey disc with a dark dot for each of 68 points that lie on circles, and the points."""
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    radius = 0.15 + 0.2 * (np.arange(68) % 4) / 3
    points = 0.5 + shift + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    y, x = (np.mgrid[0:SIZE, 0:SIZE] + 0.5) / SIZE
    image = 160.0 + 60 * np.cos(6 * np.hypot(x - 0.5 - shift[0], y - 0.5 - shift[1]))
    return np.clip(image, 0, 255)[..., None].repeat(3, -1).astype(np.uint8), points * SIZE


def smile(level):
    return {"AU12": {"left": level, "right": level}}


def write_corpus(root, people, landmarks=True):
    """People are colours; rows carry landmarks."""
    rng = np.random.default_rng(0)
    for split, count in people.items():
        folder = root / split
        folder.mkdir(parents=True)
        lines = []
        for person in range(count):
            tint = rng.uniform(0.4, 1.0, 3)
            for k in range(4):
                image, points = face(rng, rng.uniform(-0.05, 0.05, 2))
                name = f"{person:03d}_{k}.png"
                Image.fromarray((image * tint).astype(np.uint8)).save(folder / name)
                row = {
                    "file_name": name,
                    "text": "a face",
                    "text_brief": "a face",
                    "codes": ("0", "12C", "4C", "12E")[k],
                    "aus": ({}, smile(0.6), {"AU4": {"left": 0.6, "right": 0.6}}, smile(1.0))[k],
                    "subject": f"{split}{person}",
                    "neutral": f"{person:03d}_0.png",
                    "source": "made by a test",
                }
                lines.append({**row, "landmarks": points.tolist()} if landmarks else row)
        (folder / "metadata.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    (root / "corpus.json").write_text(json.dumps({"source": "made by a test"}))
    return root


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(
        tmp_path_factory.mktemp("c") / "corpus", {"train": 6, "valid": 3, "test": 3}
    )


TINY = {"batch": 8, "workers": 1, "log_every": 5, "augment": 0.3}
RUNS = {
    "landmarks": (train_landmarks, LandmarkRun(size=SIZE, width=8, **TINY), Landmarker),
    "identity": (train_identity, IdentityRun(size=SIZE, width=8, dimensions=16, **TINY), Identity),
    "tears": (train_tears, TearRun(size=SIZE, width=8, **TINY), Tears),
}


def run_of(name, **changes):
    trainer, run, kind = RUNS[name]
    return trainer, type(run)(**{**run.to_json(), **changes}), kind


@pytest.mark.parametrize("name", RUNS)
def test_a_run_writes_a_network_and_its_report_and_goes_on(corpus, tmp_path, name):
    trainer, run, kind = run_of(name, steps=6)
    told = []
    report = trainer(corpus, tmp_path / "out", run=run, device="cpu", tell=told.append)
    assert report["split"] == "test"
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "config.json", "log.jsonl", "model.safetensors", "report.json", "run.json",
        "training.safetensors",
    }  # fmt: skip
    assert len(told) == 1
    assert kind.from_pretrained(tmp_path / "out", device="cpu").id.startswith(f"{run.name}:")
    with pytest.raises(AAADError, match="there is a run in this folder"):
        trainer(corpus, tmp_path / "out", run=run, device="cpu")
    longer = type(run)(**{**run.to_json(), "steps": 8})
    trainer(corpus, tmp_path / "out", run=longer, resume=True, device="cpu", tell=told.append)
    config = json.loads((tmp_path / "out/config.json").read_text())
    assert config["training"]["steps_done"] == 8
    (tmp_path / "out" / "config.json").write_text('{"format": "other"}')
    with pytest.raises(AAADError, match=r"config.json: format is"):
        kind.from_pretrained(tmp_path / "out")


@pytest.mark.parametrize("name", RUNS)
def test_wrong_input_is_one_clear_error(tmp_path, name):
    trainer, run, kind = run_of(name, steps=1)
    with pytest.raises(AAADError, match="no such corpus"):
        trainer(tmp_path / "nowhere", tmp_path / "out", run=run)
    (tmp_path / "empty").mkdir()
    with pytest.raises(AAADError, match="the split train holds"):
        trainer(tmp_path / "empty", tmp_path / "out", run=run)
    with pytest.raises(AAADError, match="network in .*nowhere"):
        kind.from_pretrained(tmp_path / "nowhere")
    if name != "identity":
        bare = write_corpus(tmp_path / "bare", {"train": 1}, landmarks=False)
        with pytest.raises(AAADError, match="000_0.png has no `landmarks`"):
            trainer(bare, tmp_path / "out", run=run)


def test_landmarks_are_learned(corpus, tmp_path):
    trainer, run, _ = run_of("landmarks", steps=60, augment=0.0, rate=4e-3, size=32)
    trainer(corpus, tmp_path / "out", run=run, device="cpu", tell=lambda _: None)
    lines = (tmp_path / "out" / "log.jsonl").read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in lines]
    assert losses[-1] < 0.9 * losses[0]


def test_points_go_with_the_picture_through_every_change():
    """A white dot where a point is stays where the point goes."""
    generator = torch.Generator().manual_seed(3)
    images = torch.zeros(40, 3, 96, 96)
    points = torch.full((40, 68, 2), 0.5)
    at = 0.3 + 0.4 * torch.rand(40, 2, generator=generator)
    points[:, 30] = at  # its own mirror image
    for i, (x, y) in enumerate((at * 96).long().tolist()):
        images[i, :, y - 1 : y + 2, x - 1 : x + 2] = 1.0
    seen, there = augment(images, points, generator, size=96, amount=0.0)
    grid = (torch.arange(96) + 0.5) / 96
    mass = seen[:, 0] / seen[:, 0].sum((1, 2), keepdim=True)
    centre = torch.stack([(mass.sum(1) * grid).sum(1), (mass.sum(2) * grid).sum(1)], -1)
    assert (centre - there[:, 30]).abs().max() < 0.02
    seen, there = augment(images, points, generator, size=96, amount=1.0)
    inside = ((there[:, 30] > 0.1) & (there[:, 30] < 0.9)).all(1)
    assert int(inside.sum()) > 20
    assert seen.min() >= 0
    assert seen.max() <= 1


def test_a_flipped_face_swaps_its_points():
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(64, 68, 2, generator=generator)
    _, there = augment(torch.rand(64, 3, 32, 32), points, generator, size=32, amount=1e-9)
    plain = augment(torch.rand(64, 3, 32, 32), points, generator, size=32, amount=0.0)[1]
    turned = plain[:, list(MIRROR)] * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0])
    is_plain = (there - plain).abs().amax((1, 2)) < 1e-4
    is_turned = (there - turned).abs().amax((1, 2)) < 1e-4
    assert bool((is_plain ^ is_turned).all())
    assert 16 < int(is_turned.sum()) < 48


def test_textures_are_pictures_and_each_another():
    out = texture(torch.Generator().manual_seed(0), 3, 32)
    assert out.shape == (3, 3, 32, 32)
    assert out.min() >= 0
    assert out.max() <= 1
    assert not torch.allclose(out[0], out[1])


def test_a_landmarker_finds_the_same_in_a_larger_picture():
    torch.manual_seed(0)
    find = Landmarker(LandmarkNet(LandmarkConfig(size=48, width=8)), name="tiny")
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (60, 60, 3)).astype(np.uint8)
    twice = photo.repeat(2, 0).repeat(2, 1)
    one, unsure = find(photo, (30.0, 30.0), 40.0)
    two, _ = find(twice, (60.0, 60.0), 80.0)
    assert one.shape == (68, 2)
    assert unsure >= 0
    assert np.abs(two / 2 - one).max() < 1.0
    mirrored, _ = find(photo[:, ::-1], (30.0, 30.0), 40.0)
    assert np.abs(mirrored[list(MIRROR)] * (-1, 1) + (60, 0) - one).max() < 1e-3


def test_torn_pictures_differ_where_they_are_torn_and_whole_ones_not_at_all():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(60, 3, 48, 48)
    points = torch.rand(60, 68, 2)
    points[:, 17:27, 1] = 0.2 + 0.02 * points[:, 17:27, 1]  # brows above
    points[:, 36:48, 1] = 0.4 + 0.02 * points[:, 36:48, 1]
    points[:, 48:, 1] = 0.8 + 0.02 * points[:, 48:, 1]  # lips below
    same, none = tear(images, points, generator, share=0.0)
    assert torch.equal(same, images)
    assert float(none.sum()) == 0
    out, torn = tear(images, points, generator, share=1.0)
    changed = (out - images).abs().sum((1, 3)) > 1e-4  # (60, 48) rows
    lips, lids, brows = torn.bool().T
    assert bool(torn.any(1).all())
    assert bool((changed[:, 34:].any(1) >= lips).all())
    assert not bool((changed[:, 36:].any(1) & ~lips).any())
    assert not bool((changed[:, :8].any(1) & ~brows).any())
    assert 0 < int(lids.sum()) < 60


def test_a_score_says_who_it_is_how_real_and_whether_whole(corpus, tmp_path):
    """The whole way: pictures on disk, three networks, true pictures, the report."""
    from aaad.detector import DetectorConfig, build
    from aaad.detector.checkpoint import write_detector

    torch.manual_seed(0)
    write_detector(
        build(DetectorConfig(size=32, width=8, hidden=16)), tmp_path / "eyes", name="e", training={}
    )
    for name in ("identity", "tears"):
        trainer, run, _ = run_of(name, steps=2)
        trainer(corpus, tmp_path / name, run=run, device="cpu", tell=lambda _: None)
    scored = score(
        find_pictures([corpus / "train"]),
        detector=tmp_path / "eyes",
        identity=tmp_path / "identity",
        tears=tmp_path / "tears",
        true=corpus,
    )
    assert [name for name, _ in scored.beyond.lines()] == ["identity", "realism", "torn"]
    assert scored.beyond.identity.people == 6
    assert scored.beyond.realism.true == 12
    assert set(scored.beyond.tears.parts) == set(PARTS)
    assert scored.beyond.networks["identity"].startswith("aaad-identity-0:")
    assert json.loads(json.dumps(scored.to_json()))["beyond"]["realism"]["n"] == 18
