"""What alignment does not say: is it still the person, does it look real, is anything torn.

Never mixed into AAAD: a face may do exactly what was asked and be someone else.

Realism is the kernel distance of Bińkowski et al. (2018), the unbiased squared maximum mean
discrepancy with the kernel k(x, y) = (x . y / D + 1)^3, of the detector's features to those of true
pictures, in units of the root mean square deviation of the true ones: 0 for pictures drawn alike,
and then as often below 0 as above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.interval import jackknife_error, t_quantile
from aaad.likeness import Likeness, likeness
from aaad.result import plain
from aaad.seen import Seen

__all__ = ["Beyond", "Realism", "Torn", "beyond", "kernel_distance", "realism", "torn"]

Array = NDArray[np.float64]
_BLOCKS = 20
_MOST = 2000
"""Pictures whose kernel is worked out: of more, every n-th."""


@dataclass(frozen=True)
class Realism:
    """`distance` to true pictures with its interval; `n` pictures, `true` true ones."""

    distance: float
    ci95: tuple[float, float]
    n: int
    true: int


@dataclass(frozen=True)
class Torn:
    """`share` of pictures of which some part is flagged, and of each part; `false_alarms`: the
    share of whole pictures that the same check flags, None where nobody measured it."""

    share: float
    parts: dict[str, float]
    false_alarms: float | None
    n: int


@dataclass(frozen=True)
class Beyond:
    """What is known besides alignment; `notes` says why what is None is not known. `networks` names
    what saw it."""

    identity: Likeness | None
    realism: Realism | None
    tears: Torn | None
    notes: dict[str, str]
    networks: dict[str, str]

    def lines(self) -> list[tuple[str, str]]:
        """A name and a sentence for each, for the person who reads."""
        out = []
        if self.identity is not None:
            one = self.identity
            out.append(
                (
                    "identity",
                    f"{one.auc:.3f} area under the curve that a picture is nearer to its own "
                    f"person at rest than to another's; nearest to its own {one.nearest:.0%}",
                )
            )
        if self.realism is not None:
            far, (low, high) = self.realism, self.realism.ci95
            interval = f" (95% {low:.3f} to {high:.3f})" if low == low else ""
            out.append(
                (
                    "realism",
                    f"{far.distance:.3f}{interval} kernel distance to {far.true} true "
                    "pictures; 0 is drawn alike",
                )
            )
        if self.tears is not None:
            torn, alarms = self.tears, self.tears.false_alarms
            parts = ", ".join(f"{name} {share:.0%}" for name, share in torn.parts.items())
            of_true = "" if alarms is None else f"; of true pictures {alarms:.0%}"
            out.append(("torn", f"{torn.share:.0%} of pictures flagged ({parts}){of_true}"))
        return out

    def to_json(self) -> dict[str, Any]:
        """Plain values; NaN is None."""
        value: dict[str, Any] = plain(self)
        return value


def kernel_distance(one: NDArray[Any], two: NDArray[Any]) -> float:
    """Unbiased squared maximum mean discrepancy of features (N, D) and (M, D); NaN below two."""
    every = np.ones((1, len(one))), np.ones((1, len(two)))
    return float(_distances(one, two, *every)[0])


def _distances(one: NDArray[Any], two: NDArray[Any], a: Array, b: Array) -> Array:
    """The distance of each of B choices of rows: a (B, N) and b (B, M) hold 1 where a row is in."""
    x, y = one.astype(np.float64), two.astype(np.float64)
    xx, yy, xy = _kernel(x, x), _kernel(y, y), _kernel(x, y)
    np.fill_diagonal(xx, 0.0)
    np.fill_diagonal(yy, 0.0)
    n, m = a.sum(1), b.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            ((a @ xx) * a).sum(1) / (n * (n - 1))
            + ((b @ yy) * b).sum(1) / (m * (m - 1))
            - 2.0 * ((a @ xy) * b).sum(1) / (n * m)
        )


def _kernel(x: Array, y: Array) -> Array:
    return np.asarray((x @ y.T / x.shape[1] + 1.0) ** 3)


def realism(
    features: NDArray[Any],
    true: NDArray[Any],
    people: Sequence[str],
    true_people: Sequence[str],
    *,
    confidence: float = 0.95,
) -> Realism | None:
    """The kernel distance, and an interval over people of both sets (Student's t on a jackknife;
    blocks of pictures where people are not known). None with fewer than four pictures of either."""
    if min(len(features), len(true)) < 4:
        return None
    # One unit for all features: of some, few true pictures show nothing, and nothing divides.
    middle = true.mean(0)
    unit = max(float(np.sqrt(((true - middle) ** 2).mean())), 1e-12)
    features, true = (features - middle) / unit, (true - middle) / unit
    a, b = _blocks(people), _blocks(true_people)
    value = kernel_distance(features, true)
    whole_a, whole_b = np.ones(len(features)), np.ones(len(true))
    without_a = np.stack([(a != k).astype(float) for k in range(a.max() + 1)])
    without_b = np.stack([(b != k).astype(float) for k in range(b.max() + 1)])
    left = _distances(features, true, without_a, np.repeat(whole_b[None], len(without_a), 0))
    right = _distances(features, true, np.repeat(whole_a[None], len(without_b), 0), without_b)
    if min(len(left), len(right)) < 2 or not np.isfinite([*left, *right]).all():
        low = high = float("nan")
    else:
        error = np.hypot(jackknife_error(left), jackknife_error(right))
        df = min(len(left), len(right)) - 1
        half = t_quantile(0.5 + confidence / 2.0, df) * float(error)
        low, high = value - half, value + half
    return Realism(value, (low, high), len(features), len(true))


def _blocks(people: Sequence[str]) -> NDArray[np.int64]:
    """The block of each row: a person, or one of 20 in turn where people are not known."""
    names = sorted(set(people))
    if len(names) < 2 or not all(names):
        return np.arange(len(people)) % min(_BLOCKS, len(people))
    if len(names) <= 200:
        return np.array([names.index(name) for name in people])
    place = {name: i % 200 for i, name in enumerate(names)}
    return np.array([place[name] for name in people])


def torn(flagged: NDArray[np.bool_], parts: Sequence[str], false_alarms: float | None) -> Torn:
    """The shares of what was flagged (N, parts)."""
    return Torn(
        share=float(np.asarray(flagged.any(axis=1)).mean()),
        parts={part: float(flagged[:, k].mean()) for k, part in enumerate(parts)},
        false_alarms=false_alarms,
        n=len(flagged),
    )


def beyond(seen: Seen) -> Beyond:
    """What a `Seen` says beside alignment. Pictures without a face count nowhere."""
    about, notes = seen.about, dict(seen.about.get("notes", {}))
    faces = np.flatnonzero(np.asarray(seen.mask.any(axis=1)))
    looks = {name: values[faces] for name, values in seen.extra.items()}
    people = [seen.subjects[i] for i in faces]
    who = resembles = tears = None
    if "identity" in looks:
        who = likeness(looks["identity"], looks["identity_rest"], people)
        if who is None:
            notes["identity"] = "wants the pictures of two people or more"
    elif "identity" not in notes:
        notes["identity"] = "wants the people at rest"
    if seen.true is None:
        notes.setdefault("realism", "name a folder of true pictures with --true")
    elif "features" in looks:
        some = np.arange(len(faces))[:: -(-len(faces) // _MOST) or 1]
        resembles = realism(
            looks["features"][some], seen.true, [people[i] for i in some], seen.true_people
        )
        if resembles is None:
            notes["realism"] = "wants four pictures or more of both"
    if "tears" in looks:
        tears = torn(looks["tears"].astype(bool), about["parts"], about.get("false_alarms"))
    return Beyond(who, resembles, tears, notes, dict(about.get("networks", {})))
