"""Hair of the head: where it grows, and a few styles as locks.

Hair is behind every line that units draw, so it changes no unit; it makes people differ. Lengths
are cm in the rig's coordinates, on the mean face unless said.
"""

from __future__ import annotations

import numpy as np

from auface_gen.picture.people import Person
from auface_gen.picture.strands import Ribbons
from auface_gen.rig.move import Rig

__all__ = ["growth", "hair_texture", "head_hair", "scalp_colour"]

_POINTS = 6
_LONG_POINTS = 9


def growth(position: np.ndarray, person: Person) -> np.ndarray:
    """(...) how far in cm each point (..., 3) of the mean head lies inside the hairline; below 0
    no hair grows.
    """
    x, y, z = np.abs(position[..., 0]), position[..., 1], position[..., 2]
    line = 9.1 + 0.9 * person.age * (person.sex == "male") - 0.020 * x**2.3
    above = y - line
    # The side: from the temple down to a sideburn before the ear.
    burn = 2.2 if person.sex == "male" else 3.2
    side = np.minimum(x - 6.6 - 0.2 * np.clip(3 - y, -2, 9), y - burn)
    ear = (z < 2.0) & (y < 4.6)
    side = np.where(ear, -1.0, side)
    behind = np.where(z < 0.5, y - np.where(z < -2, -3.0, 4.4), -9.0)
    out: np.ndarray = np.maximum(np.maximum(above, side), behind)
    return np.where(z < -50, -9.0, out)  # no place on the head: `position_map`


def scalp_colour(position: np.ndarray, person: Person) -> np.ndarray:
    """(n, 3) linear RGB of points (n, 3) of the back of the head: skin, and hair where it grows."""
    amount = _sigmoid(growth(position, person) / 0.3)[:, None]
    if person.hair_style == "shaved":
        amount = 0.55 * amount
    skin, hair = np.array(person.skin), np.array(person.hair)
    return (skin * (1 - amount) + hair * amount).astype(np.float32)


def head_hair(
    rig: Rig, triangles: np.ndarray, rest: np.ndarray, normals: np.ndarray, person: Person
) -> Ribbons | None:
    """The locks of the person at rest, head not turned: None for a shaved head.

    triangles: (m, 3) of the head's skin; rest: (V, 3); normals: (V, 3) of `rest`.
    """
    rng = np.random.default_rng([person.seed, 0x4A12])
    style = person.hair_style
    if style == "shaved":
        return None
    if style in ("long", "wavy"):
        roots = _roots(rig, triangles, rest, normals, person, rng, 380, edge=2.2)
        return _join(_combed(roots, person, rng, "tied"), _curtain(rest, rig, person, rng))
    count = {"short": 900, "side": 800, "tied": 700, "curly": 520}[style]
    edge = {"short": 3.0, "side": 3.2, "tied": 2.2, "curly": 3.2}[style]
    roots = _roots(rig, triangles, rest, normals, person, rng, count, edge=edge)
    return _curled(roots, rng) if style == "curly" else _combed(roots, person, rng, style)


_Roots = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Points (n, 3) on the person's head, normals (n, 3), and (n, 3) where on the mean head."""


def _roots(
    rig: Rig,
    triangles: np.ndarray,
    rest: np.ndarray,
    normals: np.ndarray,
    person: Person,
    rng: np.random.Generator,
    count: int,
    *,
    edge: float,
) -> _Roots:
    """`count` roots where hair grows and the crop may see it, within `edge` cm of the hairline."""
    mean = rig.neutral[triangles]
    middle = mean.mean(1)
    inside = growth(middle, person)
    shown = (inside > -0.5) & (inside < edge + 0.5) & (middle[:, 2] > -2.5) & (middle[:, 1] > 1.0)
    triangles, mean = triangles[shown], mean[shown]
    area = np.linalg.norm(np.cross(mean[:, 1] - mean[:, 0], mean[:, 2] - mean[:, 0]), axis=1)
    chosen = rng.choice(len(triangles), 3 * count, p=area / area.sum())
    a, b = np.sqrt(rng.random(3 * count)), rng.random(3 * count)
    share = np.stack([1 - a, a * (1 - b), a * b], 1)
    place = np.einsum("nk,nkd->nd", share, mean[chosen])
    inside = growth(place, person) + rng.normal(0, 0.16, len(place))
    keep = np.flatnonzero((inside > 0) & (inside < edge))[:count]
    corners, share = triangles[chosen[keep]], share[keep]
    at = np.einsum("nk,nkd->nd", share, rest[corners])
    normal = np.einsum("nk,nkd->nd", share, normals[corners])
    return at, normal / np.linalg.norm(normal, axis=1, keepdims=True), place[keep]


def _combed(roots: _Roots, person: Person, rng: np.random.Generator, style: str) -> Ribbons:
    """Locks that follow the head: up and back, to a side, or tight to a knot behind."""
    at, normal, place = roots
    n = len(at)
    turn = 1.0 if person.seed % 2 else -1.0
    side = np.sign(place[:, 0])
    if style == "short":
        flow = np.stack([0.25 * turn + 0.15 * side, np.ones(n), np.full(n, -0.5)], 1)
        temple = (place[:, 1] < 7.5)[:, None]
        flow = np.where(temple, np.stack([0 * side, -0.6 + 0 * side, -0.8 + 0 * side], 1), flow)
        length, lift = rng.uniform(0.7, 1.5, n), 0.30
    elif style == "side":
        flow = np.stack([turn + 0 * side, 0.35 - 0.05 * place[:, 0] * turn, -0.35 + 0 * side], 1)
        temple = (place[:, 1] < 7.5)[:, None]
        flow = np.where(temple, np.stack([0 * side, -0.7 + 0 * side, -0.7 + 0 * side], 1), flow)
        length, lift = rng.uniform(1.6, 3.0, n), 0.42
    else:
        flow = np.stack([0.35 * side, 0.55 + 0 * side, -1.0 + 0 * side], 1)
        length, lift = rng.uniform(1.6, 3.2, n), 0.12
    flow = flow + rng.normal(0, 0.16, flow.shape)
    flow -= (flow * normal).sum(1, keepdims=True) * normal
    flow /= np.maximum(np.linalg.norm(flow, axis=1, keepdims=True), 1e-6)
    s = np.linspace(0, 1, _POINTS)[None, :, None]
    bow = s * (1 - 0.75 * s)  # up from the skin and down to it again
    # The head is round: a lock that goes straight on would leave it.
    sink = -0.5 * (length[:, None, None] * s) ** 2 / 9.5
    height = lift * length[:, None, None] * bow + sink + 0.03
    points = at[:, None] + flow[:, None] * length[:, None, None] * s + normal[:, None] * height
    lit = np.broadcast_to(normal[:, None], points.shape) + 0.35 * flow[:, None] * (s - 0.3)
    return Ribbons(points, rng.uniform(0.05, 0.11, n), rng.random(n), _unit(lit))


def _curled(roots: _Roots, rng: np.random.Generator) -> Ribbons:
    """Curls: short springs that stand off the head."""
    at, normal, _ = roots
    n = len(at)
    k = 2 * _POINTS
    s = np.linspace(0, 1, k)[None, :, None]
    length = rng.uniform(0.9, 1.7, n)[:, None, None]
    along = _unit(normal + rng.normal(0, 0.35, normal.shape) + [0.0, 0.25, -0.1])
    one = _unit(np.cross(along, [0.3, 0.2, 1.0]))
    two = np.cross(along, one)
    phase = rng.uniform(0, 6.3, n)[:, None, None]
    angle = phase + rng.uniform(7, 12, n)[:, None, None] * s
    radius = rng.uniform(0.13, 0.24, n)[:, None, None] * np.minimum(1, 3 * s)
    points = at[:, None] + along[:, None] * length * s
    points = points + radius * (np.cos(angle) * one[:, None] + np.sin(angle) * two[:, None])
    lit = normal[:, None] + 0.7 * (np.cos(angle) * one[:, None] + np.sin(angle) * two[:, None])
    return Ribbons(points, rng.uniform(0.09, 0.16, n), rng.random(n), _unit(lit))


def _curtain(rest: np.ndarray, rig: Rig, person: Person, rng: np.random.Generator) -> Ribbons:
    """Locks that fall from the parting past the temples and the neck, behind the cheeks."""
    lm = rest[rig.landmarks68]
    wide = float(np.ptp(lm[[0, 16], 0]) / np.ptp(rig.neutral[rig.landmarks68][[0, 16], 0]))
    n = 440
    side = np.where(np.arange(n) % 2, 1.0, -1.0)
    depth = rng.random(n) ** 0.8  # 0 in front, 1 behind
    parting = 0.9 * (1.0 if person.seed % 2 else -1.0)
    x = np.stack([0.3 * side + parting, 3.8 * side + 0.4 * parting, 6.3 * side, 7.45 * side,
                  7.9 * side, 7.7 * side, 7.2 * side, 6.9 * side], 1)  # fmt: skip
    x += side[:, None] * np.array([0, 0.5, 1.4, 2.4, 3.0, 3.4, 3.6, 3.6]) * depth[:, None]
    y = np.array([12.9, 11.9, 9.6, 6.2, 2.0, -3.0, -8.5, -14.0]) + 1.0 * depth[:, None] * [
        1, 1, 0.9, 0.5, 0, 0, 0, 0]  # fmt: skip
    z = np.array([6.6, 6.9, 6.0, 4.6, 3.6, 3.0, 2.4, 2.0]) - depth[:, None] * [
        1.5, 2.2, 3.0, 4.0, 4.5, 4.5, 4.5, 4.5]  # fmt: skip
    # The locks behind fall inwards too and fill what is between neck and cheek.
    inner = (depth > 0.45) * rng.random(n)
    x -= side[:, None] * np.array([0, 0, 0, 0.8, 3.2, 5.2, 5.6, 5.6]) * inner[:, None]
    control = np.stack([x * wide, y + 0 * x, z], -1)
    control += rng.normal(0, 0.12, (n, 1, 3)) + rng.normal(0, 0.07, control.shape)
    at = np.linspace(0, 1, _LONG_POINTS)
    points = np.empty((n, _LONG_POINTS, 3))
    knots = np.linspace(0, 1, control.shape[1])
    for axis in range(3):
        for i in range(n):
            points[i, :, axis] = np.interp(at, knots, control[i, :, axis])
    points[:, 1:-1] = (points[:, :-2] + 2 * points[:, 1:-1] + points[:, 2:]) / 4
    if person.hair_style == "wavy":
        phase = rng.uniform(0, 1.5, n)[:, None] + 3.0 * depth[:, None]
        wave = 0.42 * np.sin(phase + 15 * at[None]) * np.clip(2 * at[None], 0, 1)
        points[..., 0] += wave
        points[..., 2] += 0.5 * np.roll(wave, 2, axis=1)
    lit = points - [0, 0, -3.0]
    lit[..., 1] = 0.25
    # Each lock is lit a little as if it were round.
    lit = _unit(lit) + 0.35 * rng.normal(0, 1, (n, 1, 3)) * [1, 0.2, 0.4]
    return Ribbons(points, rng.uniform(0.28, 0.6, n), rng.random(n), _unit(lit))


def hair_texture(person: Person, size: int = 64) -> np.ndarray:
    """(size, size, 3) linear RGB: row = along the hair from the root, column = the lock's tone.
    The last columns are of lashes, near black.
    """
    tone = np.linspace(-1, 1, size)[None, :, None]
    along = np.linspace(0, 1, size)[:, None, None]
    hair = np.array(person.hair)
    out = hair * np.exp(0.42 * tone) * (0.62 + 0.55 * along)
    lashes = (np.arange(size) >= 0.95 * size)[None, :, None]
    return np.clip(np.where(lashes, 0.012, out), 0.004, 0.8).astype(np.float32)


def _join(one: Ribbons, two: Ribbons) -> Ribbons:
    """Both, with as many points each: the shorter ones get points between."""
    k = two.points.shape[1]
    at, old = np.linspace(0, 1, k), np.linspace(0, 1, one.points.shape[1])
    low = np.clip(np.searchsorted(old, at, side="right") - 1, 0, len(old) - 2)
    part = ((at - old[low]) / (old[low + 1] - old[low]))[None, :, None]
    finer = [v[:, low] * (1 - part) + v[:, low + 1] * part for v in (one.points, one.normals)]
    return Ribbons(
        np.concatenate([finer[0], two.points]),
        np.concatenate([one.width, two.width]),
        np.concatenate([one.tone, two.tone]),
        np.concatenate([finer[1], two.normals]),
    )


def _unit(v: np.ndarray) -> np.ndarray:
    out: np.ndarray = v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-6)
    return out


def _sigmoid(x: np.ndarray) -> np.ndarray:
    out: np.ndarray = 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    return out
