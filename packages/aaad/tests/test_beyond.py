"""What is not alignment: likeness, kernel distance, tears, and how they are said."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aaad.beyond import beyond, kernel_distance, realism, torn
from aaad.likeness import likeness
from aaad.seen import Seen


def embeddings(rng, people, each, noise):
    """Pictures and people at rest as directions: a person's own and a little of chance."""
    own = rng.normal(size=(people, 32))
    names = [f"p{i}" for i in range(people) for _ in range(each)]
    who = np.repeat(np.arange(people), each)
    pictures = own[who] + noise * rng.normal(size=(len(who), 32))

    def unit(x):
        return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)

    return unit(pictures), unit(own[who]), names


def test_pictures_of_the_same_people_are_near_them_and_of_others_are_not():
    rng = np.random.default_rng(0)
    pictures, rest, names = embeddings(rng, 12, 5, 0.3)
    same = likeness(pictures, rest, names)
    assert same.auc > 0.99
    assert same.nearest == 1.0
    assert (same.n, same.people) == (60, 12)
    nobody = likeness(embeddings(rng, 12, 5, 0.3)[0], rest, names)
    assert abs(nobody.auc - 0.5) < 0.15
    assert likeness(pictures[:5], rest[:5], names[:5]) is None


def test_the_kernel_distance_is_the_mean_over_pairs():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(7, 4)), rng.normal(size=(5, 4)) + 0.5

    def k(a, b):
        return (float(a @ b) / 4 + 1) ** 3

    def mean(pairs):
        pairs = list(pairs)
        return sum(pairs) / len(pairs)

    same = [
        mean(k(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j) for z in (x, y)
    ]
    cross = mean(k(a, b) for a in x for b in y)
    assert kernel_distance(x, y) == pytest.approx(sum(same) - 2 * cross)


def test_alike_sets_are_at_nothing_and_unlike_ones_are_not():
    rng = np.random.default_rng(2)
    people = [f"p{i % 10}" for i in range(80)]
    alike = realism(rng.normal(size=(80, 8)), rng.normal(size=(80, 8)), people, people)
    assert alike.ci95[0] < 0 < alike.ci95[1]
    apart = realism(rng.normal(size=(80, 8)) + 1, rng.normal(size=(80, 8)), people, people)
    assert apart.distance > 10 * abs(alike.distance)
    assert apart.ci95[0] > 0
    assert realism(np.zeros((3, 8)), np.zeros((80, 8)), people[:3], people) is None


def test_a_feature_that_true_pictures_do_not_show_is_no_division_by_nothing():
    rng = np.random.default_rng(5)
    true, drawn = rng.normal(size=(30, 8)), rng.normal(size=(30, 8))
    true[:, 3] = 0.0
    people = [f"p{i % 6}" for i in range(30)]
    assert abs(realism(drawn, true, people, people).distance) < 10


def test_order_does_not_matter_to_people():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 8)), rng.normal(size=(30, 8))
    people, true = [f"p{i % 5}" for i in range(40)], [f"q{i % 6}" for i in range(30)]
    one = realism(x, y, people, true)
    order = rng.permutation(40)
    two = realism(x[order], y, [people[i] for i in order], true)
    assert one.distance == pytest.approx(two.distance)
    assert one.ci95 == pytest.approx(two.ci95)


def test_shares_of_what_is_torn():
    flags = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 0]], bool)
    found = torn(flags, ("lips", "lids", "brows"), 0.02)
    assert found.share == 0.5
    assert found.parts == {"lips": 0.5, "lids": 0.25, "brows": 0.0}


def seen_of(extra, **more):
    n = 12
    return Seen(
        pred=np.full((n, 2, 6), 1 / 6),
        rest=None,
        target=np.full((n, 2, 6), 1 / 6),
        mask=np.repeat(np.arange(n) != 3, 2).reshape(n, 2),  # no face in one picture
        columns=("AU1L", "AU1R"),
        presence=(),
        files=[f"{i}.png" for i in range(n)],
        codes=["0"] * n,
        texts=[""] * n,
        subjects=[f"p{i % 3}" for i in range(n)],
        before=[None] * n,
        detector="d",
        extra=extra,
        **more,
    )


def test_what_is_not_known_says_why_and_what_is_known_is_said():
    nothing = beyond(seen_of({}))
    assert nothing.lines() == []
    assert set(nothing.notes) == {"identity", "realism"}
    rng = np.random.default_rng(4)
    pictures, rest, _ = embeddings(rng, 3, 4, 0.2)
    who = np.tile(np.arange(3), 4)  # people in turn, as in seen_of
    order = np.argsort(np.argsort(who, kind="stable"), kind="stable")
    seen = seen_of(
        {
            "identity": pictures[order],
            "identity_rest": rest[order],
            "features": rng.normal(size=(12, 8)).astype(np.float32),
            "tears": np.zeros((12, 3), bool),
        },
        about={
            "parts": ["lips", "lids", "brows"],
            "false_alarms": 0.01,
            "networks": {"tears": "t"},
        },
        true=rng.normal(size=(20, 8)).astype(np.float32),
        true_people=tuple(f"q{i % 4}" for i in range(20)),
    )
    found = beyond(seen)
    assert [name for name, _ in found.lines()] == ["identity", "realism", "torn"]
    assert found.identity.n == found.realism.n == found.tears.n == 11
    assert found.identity.auc > 0.95
    assert found.notes == {}
    assert json.loads(json.dumps(found.to_json()))["tears"]["share"] == 0.0
