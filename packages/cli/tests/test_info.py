"""auface info: what a bug report needs, and what is wrong with an installation."""

from __future__ import annotations

import json

import pytest

from auface_cli import doctor


def test_every_check_says_something(auface):
    outcome = auface("info", "--json")
    assert outcome.status == 0
    facts = json.loads(outcome.out)
    names = [check["name"] for check in facts["checks"]]
    assert "versions for auface" in names
    assert {"threads", "space for temporary files", "space for this folder"} <= set(names)
    assert all(check["said"] for check in facts["checks"])
    assert facts["ok"] == all(check["ok"] for check in facts["checks"])
    assert facts["packages"]["auface"]
    told = auface("info").out
    assert all(name in told for name in names)


@pytest.mark.parametrize(
    ("found", "requirement", "fits"),
    [
        ("0.1.0", "facs-text>=0.1,<0.2", True),
        ("0.2.0", "facs-text>=0.1,<0.2", False),
        ("0.1", "facs-text>=0.1.0", True),
        ("2.13.0+cpu", "torch>=2.4", True),
        ("2.3.1", "torch>=2.4", False),
        ("10.0", "pillow>=9.5", True),
        ("1.4.2", "x~=1.4.1", True),
        ("1.5.0", "x~=1.4.1", False),
        ("1.0", "x!=1.0.0", False),
        ("1.0", "x", True),
    ],
)
def test_versions_are_compared_by_their_numbers(found, requirement, fits):
    assert doctor._fits(found, requirement) is fits


def test_what_does_not_fit_or_is_not_there_is_named(monkeypatch):
    wanted = ["click>=99", "nowhere-at-all>=1", "pytest>=99; extra == 'test'"]
    monkeypatch.setattr(doctor, "requires", lambda name: wanted)
    (check,) = doctor._versions("auface")
    assert not check.ok
    assert "click is " in check.said
    assert "wanted click>=99" in check.said
    assert "nowhere-at-all is not installed" in check.said


def test_broken_weights_are_a_finding_and_no_error(monkeypatch):
    def broken() -> str:
        raise ValueError("model.safetensors: cut")

    assert doctor._loaded(broken) == (False, "model.safetensors: cut")


def test_a_full_disk_is_one(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: type("Use", (), {"free": 5})())
    assert not doctor._space("x", tmp_path).ok
