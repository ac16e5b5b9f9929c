"""The network, what surrounds it, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from aaad import COLUMNS, AAADError
from aaad.columns import mirror_index
from aaad.detector import Detector, DetectorConfig, DetectorNet, FeatureLoss
from aaad.detector.augment import augment, flip
from aaad.detector.checkpoint import write_detector
from aaad.detector.evaluate import auc, fit_temperature
from aaad.detector.losses import cramer_loss, cross_entropy
from aaad.metric import distance

CONFIG = DetectorConfig(size=32, width=8, hidden=16)


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    net = DetectorNet(CONFIG)
    for parameter in net.parameters():
        parameter.data.add_(0.05 * torch.randn_like(parameter))
    heat = {"with_neutral": [1.5] * len(COLUMNS), "alone": [1.0] * len(COLUMNS)}
    write_detector(net, tmp_path / "d", name="tiny", temperature=heat, training={})
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


def test_an_unknown_neutral_is_the_learned_one():
    net = DetectorNet(CONFIG).train(False)
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
        ({"temperature": {"alone": [0.0]}}, "temperature.with_neutral must be 38"),
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


def test_temperature_undoes_what_was_done():
    torch.manual_seed(0)
    logits = 2 * torch.randn(4000, 1, 6)
    levels = torch.distributions.Categorical(logits=logits[:, 0]).sample()
    targets = torch.eye(6)[levels][:, None]
    assert fit_temperature(logits * 2.0, targets)[0] == pytest.approx(2.0, rel=0.1)
    assert fit_temperature(logits[:0], targets[:0]) == [1.0]


def test_auc_counts_ties_as_half():
    score = np.array([0.1, 0.4, 0.4, 0.9])
    assert auc(score, np.array([False, False, True, True])) == pytest.approx(0.875)
    assert np.isnan(auc(score, np.ones(4, bool)))


def test_the_feature_loss_is_zero_for_the_same_and_pulls_towards_it(folder):
    loss = FeatureLoss.from_pretrained(folder, device="cpu")
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
