"""The network, what surrounds it, and what it refuses."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from aaad import COLUMNS, AAADError
from aaad.columns import mirror_index
from aaad.cramer import distance
from aaad.detector import NETWORKS, Detector, DetectorConfig, FeatureLoss, build
from aaad.detector.augment import augment, flip
from aaad.detector.calibration import Calibration, calibrate, calibration_error
from aaad.detector.checkpoint import write_detector
from aaad.detector.evaluate import f1, icc
from aaad.detector.losses import cramer_loss, cross_entropy
from aaad.learning.photometric import jpeg, shrink, spoil
from aaad.ranks import auc

CONFIG = DetectorConfig(size=32, width=8, hidden=16)


@pytest.fixture(params=[*((name, 0) for name in NETWORKS), ("grid", 4)], ids=str)
def folder(tmp_path, request):
    torch.manual_seed(0)
    network, fine = request.param
    net = build(DetectorConfig(network=network, size=32, width=8, hidden=16, fine=fine))
    for parameter in net.parameters():
        parameter.data.add_(0.05 * torch.randn_like(parameter))
    a = len(COLUMNS)
    heat = {
        "with_neutral": Calibration([1.5] * a, [0.2] * a),
        "alone": Calibration([1.0] * a, [0.0] * a),
    }
    write_detector(net, tmp_path / "d", name="tiny", calibration=heat, training={})
    return tmp_path / "d"


def pictures(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 3, 32, 32)).astype(np.uint8)


def test_it_gives_distributions_and_says_its_name(folder):
    see = Detector.from_pretrained(folder, device="cpu")
    out = see(pictures(5))
    assert out.shape == (5, 38, 6)
    assert np.allclose(out.sum(-1), 1, atol=1e-5)
    assert see.id.startswith("tiny:")
    assert see.columns == COLUMNS
    assert not np.allclose(out, see(pictures(5), neutral=pictures(5, seed=1)))


def test_an_image_gets_the_same_numbers_in_any_batch(folder):
    see = Detector.from_pretrained(folder, device="cpu")
    x, rest = pictures(21), pictures(21, seed=1)
    whole = see(x, rest)
    for i in (0, 7, 20):
        assert np.array_equal(see(x[i : i + 1], rest[i : i + 1])[0], whole[i])
    order = np.random.default_rng(0).permutation(21)
    assert np.array_equal(see(x[order], rest[order]), whole[order])


@pytest.mark.parametrize("network", NETWORKS)
def test_an_unknown_neutral_is_the_learned_one(network):
    net = build(replace(CONFIG, network=network)).train(False)
    x, rest = torch.rand(4, 3, 32, 32), torch.rand(4, 3, 32, 32)
    known = torch.tensor([True, False, True, False])
    mixed = net(x, rest, known)
    assert torch.allclose(mixed[known], net(x, rest)[known], atol=1e-5)
    assert torch.allclose(mixed[~known], net(x)[~known], atol=1e-5)


def test_sizes_and_types_are_refused(folder):
    see = Detector.from_pretrained(folder, device="cpu")
    with pytest.raises(AAADError, match="wanted torch.uint8"):
        see(pictures(2).astype(np.float32))
    with pytest.raises(AAADError, match=r"\(B, 3, 32, 32\)"):
        see(pictures(2)[..., :16])
    with pytest.raises(AAADError, match="neutral has shape"):
        see(pictures(2), pictures(3))
    with pytest.raises(AAADError, match="multiple of 16"):
        DetectorConfig(size=100)
    with pytest.raises(AAADError, match="multiple of 32"):
        DetectorConfig(size=208, fold=8)
    with pytest.raises(AAADError, match="only the network grid"):
        DetectorConfig(network="attention", fine=8)


def test_broken_folders_say_what_is_broken(folder, tmp_path):
    with pytest.raises(AAADError, match="no detector in"):
        Detector.from_pretrained(tmp_path / "nowhere")
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AAADError, match="model.safetensors: cannot be read as safetensors"):
        Detector.from_pretrained(folder)
    weights.write_bytes((2**62).to_bytes(8, "little") + whole[8:])
    with pytest.raises(AAADError, match="cannot be read as safetensors"):
        Detector.from_pretrained(folder)
    weights.write_bytes(whole)
    config = json.loads((folder / "config.json").read_text())
    for change, message in (
        ({"format": "pickle"}, "format is 'pickle'"),
        ({"model": {**config["model"], "width": 16}}, "wanted"),
        ({"model": {**config["model"], "colour": 1}}, "not a detector's config"),
        ({"calibration": {}}, "calibration.with_neutral must hold"),
        (
            {"format": "aaad-detector-1", "temperature": {"with_neutral": [0.0] * 38}},
            "calibration.with_neutral must hold",
        ),
    ):
        (folder / "config.json").write_text(json.dumps({**config, **change}))
        with pytest.raises(AAADError, match=message):
            Detector.from_pretrained(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(AAADError, match=r"config.json: cannot be read as JSON"):
        Detector.from_pretrained(folder)


def test_the_loss_is_the_metrics_distance():
    torch.manual_seed(0)
    logits = torch.randn(7, 5, 6, dtype=torch.float64)
    targets = torch.softmax(torch.randn(7, 5, 6, dtype=torch.float64), -1)
    p = torch.softmax(logits, -1)
    assert float(cramer_loss(logits, targets)) == pytest.approx(distance(p, targets).mean())
    assert float(cross_entropy(targets.log(), targets)) == pytest.approx(
        float(-(targets * targets.log()).sum(-1).mean())
    )


def test_a_flip_swaps_the_sides_of_what_is_asked_for():
    mirror = mirror_index()
    generator = torch.Generator().manual_seed(0)
    x, rest = torch.rand(64, 3, 16, 16), torch.rand(64, 3, 16, 16)
    t = torch.softmax(torch.randn(64, 38, 6), -1)
    y, still, wanted = flip(x, rest, t, mirror, generator)
    turned = [i for i in range(64) if torch.equal(y[i], x[i].flip(-1))]
    assert 16 < len(turned) < 48
    left, right = COLUMNS.index("AU12L"), COLUMNS.index("AU12R")
    for i in range(64):
        if i in turned:
            assert torch.equal(still[i], rest[i].flip(-1))
            assert torch.equal(wanted[i, left], t[i, right])
            assert torch.equal(wanted[i, COLUMNS.index("AU17")], t[i, COLUMNS.index("AU17")])
        else:
            assert torch.equal(y[i], x[i])
            assert torch.equal(wanted[i], t[i])


def test_a_map_says_where_each_column_looked(folder):
    see = Detector.from_pretrained(folder, device="cpu")
    maps = see.where(pictures(3), pictures(3, seed=1))
    assert maps.shape == (3, 38, 2, 2)
    assert np.allclose(maps.sum((-1, -2)), 1, atol=1e-4)
    assert np.allclose(maps[1], see.where(pictures(3)[1:2], pictures(3, seed=1)[1:2])[0], atol=1e-5)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_cell_may_be_of_eight_pixels(network):
    config = DetectorConfig(network=network, size=64, fold=8, width=8, hidden=16)
    assert build(config)(torch.rand(2, 3, 64, 64)).shape == (2, 38, 6)
    assert DetectorConfig.from_json(config.to_json()) == config


def test_a_detector_of_the_former_format_is_read(folder):
    config = json.loads((folder / "config.json").read_text())
    calibration = config.pop("calibration")
    before = Detector.from_pretrained(folder, device="cpu")(pictures(2))
    config["format"] = "aaad-detector-1"
    config["temperature"] = {mode: one["temperature"] for mode, one in calibration.items()}
    del config["model"]["fold"]
    if not config["model"]["fine"]:
        del config["model"]["fine"]
    (folder / "config.json").write_text(json.dumps(config))
    assert np.array_equal(Detector.from_pretrained(folder, device="cpu")(pictures(2)), before)


def test_the_shipped_weights_load_and_see():
    see = Detector.from_pretrained(device="cpu")
    assert see.columns == COLUMNS
    assert see(np.zeros((1, 3, see.size, see.size), np.uint8)).shape == (1, 38, 6)


def test_a_ceiling_of_another_definition_is_none(folder):
    see = Detector.from_pretrained(folder, device="cpu")
    assert see.ceiling("alone") is None
    see.held_out = {"version": 2, "alone": 0.7, "with_neutral": None}
    assert (see.ceiling("alone"), see.ceiling("with_neutral")) == (0.7, None)
    see.held_out["version"] = 1
    assert see.ceiling("alone") is None


def test_jpeg_is_nearly_what_pillow_takes():
    """Of pictures of one quality, what is lost is within a factor of what Pillow loses."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 255, 64)
    base = np.stack([np.add.outer(ramp, np.roll(ramp, k)) / 2 for k in (0, 20, 40)], -1)
    picture = np.clip(base + rng.normal(0, 12, base.shape), 0, 255).astype(np.uint8)
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    lost = []
    for quality in (90, 40):
        out = io.BytesIO()
        Image.fromarray(picture).save(out, "JPEG", quality=quality, subsampling=0)
        theirs = np.asarray(Image.open(out), np.float64) / 255
        # amount 1 and a draw of 100 - quality of 70: find it by trying generators
        ours = _jpeg_of(x, quality)
        gaps = [float(((y - picture / 255) ** 2).mean()) for y in (ours, theirs)]
        assert 0.5 < gaps[0] / gaps[1] < 2.0
        lost.append(gaps[0])
    assert lost[1] > lost[0]


def _jpeg_of(x, quality, seed=0):
    """The result of `jpeg` whose drawn quality is nearest to this one, of the many of a batch."""
    many = x.expand(256, -1, -1, -1)
    drawn = 100 - 70 * torch.rand(256, generator=torch.Generator().manual_seed(seed))
    out = jpeg(many, torch.Generator().manual_seed(seed))
    changed = (out - many).abs().amax((1, 2, 3)) > 0
    gap = (drawn - quality).abs() + 1000 * ~changed
    return out[int(gap.argmin())].permute(1, 2, 0).double().numpy()


def test_nothing_is_changed_at_amount_zero_but_the_side():
    x, rest = torch.rand(8, 3, 32, 32), torch.rand(8, 3, 32, 32)
    t = torch.softmax(torch.randn(8, 38, 6), -1)
    y, _, _ = augment(x, rest, t, mirror_index(), torch.Generator().manual_seed(0), 0.0)
    assert all(torch.equal(a, b) or torch.equal(a, b.flip(-1)) for a, b in zip(y, x, strict=True))


def test_augmentation_depends_on_its_generator_alone():
    x, rest = torch.rand(8, 3, 32, 32), torch.rand(8, 3, 32, 32)
    t = torch.softmax(torch.randn(8, 38, 6), -1)
    one, two, three = (
        augment(x, rest, t, mirror_index(), torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(one[0], three[0])
    assert one[0].min() >= 0
    assert one[0].max() <= 1


def test_calibration_undoes_what_was_done():
    torch.manual_seed(0)
    logits = 2 * torch.randn(4000, 1, 6)
    levels = torch.distributions.Categorical(logits=logits[:, 0]).sample()
    targets = torch.eye(6)[levels][:, None]
    spoilt = 2.0 * logits
    spoilt[..., 0] += 1.5
    found = calibrate(spoilt, targets)
    assert found.temperature[0] == pytest.approx(2.0, rel=0.1)
    assert found.offset[0] == pytest.approx(-0.75, abs=0.13)
    there = (levels > 0).double().numpy()

    def error(calibration):
        return calibration_error(1 - calibration(spoilt)[:, 0, 0].double().numpy(), there)

    assert error(found) < 0.03 < error(Calibration([1.0], [0.0]))
    assert calibrate(logits[:0], targets[:0]) == Calibration([1.0], [0.0])


def test_a_shrunken_picture_keeps_what_is_large_and_loses_what_is_small():
    ramp = torch.linspace(0, 1, 64).expand(8, 3, 64, 64)
    checks = ((torch.arange(64) % 2).float()).expand(8, 3, 64, 64)
    assert (shrink(ramp, torch.Generator().manual_seed(0)) - ramp).abs().max() < 0.05
    out = shrink(checks, torch.Generator().manual_seed(0))
    flat = out.std((1, 2, 3)) < 0.5 * checks.std((1, 2, 3))
    assert 0 < int(flat.sum()) < 8


@pytest.mark.parametrize("count", [0, 1, 2])
def test_small_batches_are_spoilt_too(count):
    """Each change falls on some of the pictures: now and then on none."""
    for seed in range(8):
        (out,) = spoil([torch.rand(count, 3, 32, 32)], torch.Generator().manual_seed(seed))
        assert out.shape == (count, 3, 32, 32)


def test_agreement_of_intensities_and_of_presence():
    """ICC(3, 1) of Shrout and Fleiss's own table of 6 subjects, raters 1 and 2: from its mean
    squares between subjects and of error."""
    one, two = np.array([9.0, 6, 8, 7, 10, 6]), np.array([2.0, 1, 4, 1, 5, 2])
    rows = np.stack([one, two], 1)
    between = 2 * rows.mean(1).var(ddof=1)
    error = (rows - rows.mean(1, keepdims=True) - rows.mean(0) + rows.mean()).ravel()
    error = (error**2).sum() / 5
    assert icc(one, two) == pytest.approx((between - error) / (between + error))
    assert icc(one, one + 3) == pytest.approx(1.0)
    said, there = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert f1(said, there) == pytest.approx(0.5)
    assert np.isnan(f1(said, np.zeros(4, bool)))


def test_auc_counts_ties_as_half():
    score = np.array([0.1, 0.4, 0.4, 0.9])
    assert auc(score, np.array([False, False, True, True])) == pytest.approx(0.875)
    assert np.isnan(auc(score, np.ones(4, bool)))


def test_the_feature_loss_is_zero_for_the_same_and_pulls_towards_it(folder):
    loss = FeatureLoss.from_pretrained(folder, device="cpu")
    assert loss.id == Detector.from_pretrained(folder, device="cpu").id
    target = torch.rand(2, 3, 32, 32)
    assert float(loss(target, target)) == 0.0
    output = torch.rand(2, 3, 32, 32, requires_grad=True)
    before = loss(output, target)
    before.backward()
    assert output.grad is not None
    after = loss((output - 1e-2 * output.grad / output.grad.abs().max()).detach(), target)
    assert float(after) < float(before.detach())
    loss.train()
    assert not loss.net.training
    assert all(p.grad is None for p in loss.net.parameters())
