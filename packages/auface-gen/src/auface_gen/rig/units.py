"""From units to shapes: the weights that activations give the shapes, and the turns of
head and eyes that units 51 to 64 ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from auface_gen.columns import unit_table
from auface_gen.errors import AUFaceGenError
from auface_gen.rig.combinations import Activations, combined

__all__ = ["Activations", "HeadPose", "shape_weights", "turn", "unit_table"]


@dataclass(frozen=True)
class HeadPose:
    """Head rotation in degrees: yaw > 0 turns to the face's own left, pitch > 0 down, roll > 0
    tilts right.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    def matrix(self) -> np.ndarray:
        """(3, 3) rotation: roll, then pitch, then yaw."""
        y, p, r = np.deg2rad([self.yaw, self.pitch, self.roll])
        ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
        rx = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
        rz = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
        return ry @ rx @ rz

    def __add__(self, other: HeadPose) -> HeadPose:
        return HeadPose(self.yaw + other.yaw, self.pitch + other.pitch, self.roll + other.roll)


def turn(activations: Activations, table: str) -> HeadPose:
    """The rotation that the units of a table of degrees ask for, summed."""
    pose = HeadPose()
    degrees = unit_table()[table]
    for name, sides in activations.items():
        if (code := name.removeprefix("AU")) in degrees:
            axis, at_e = degrees[code]
            pose = pose + HeadPose(**{axis: at_e * max(sides.values())})
    return pose


def _each_movement_once(activations: Activations) -> Activations:
    """The activations without what they say twice of one movement.

    A blink is told as unit 45 and, because a picture shows closed lids, as 43 too; each side
    closes as far as the strongest of them says, and no further.
    """
    kept = {name: dict(sides) for name, sides in activations.items()}
    for codes in unit_table()["one_movement"]:
        names = [f"AU{code}" for code in codes if f"AU{code}" in kept]
        if len(names) < 2:
            continue
        done = {"left": 0.0, "right": 0.0}
        for name in names:
            sides = kept[name]
            both = sides.get("both", 0.0)
            asked = {side: max(sides.get(side, 0.0), both) for side in done}
            kept[name] = {side: max(0.0, asked[side] - done[side]) for side in done}
            done = {side: max(asked[side], done[side]) for side in done}
    return kept


def shape_weights(activations: Activations, *, raw: bool = False) -> dict[str, float]:
    """Shape weights of the activations, by the table, with what `combined` mends unless `raw`.

    Raises AUFaceGenError on a unit that is not in the table.
    """
    table = unit_table()
    out: dict[str, float] = {}

    def add(shapes: Mapping[str, float], amount: float) -> None:
        for shape, weight in shapes.items():
            out[shape] = out.get(shape, 0.0) + weight * amount

    for name, sides in _each_movement_once(activations).items():
        code = name.removeprefix("AU")
        for side, amount in sides.items():
            if code in table["sided"]:
                letters = {"left": "L", "right": "R", "both": "LR"}.get(side)
                if letters is None:
                    raise AUFaceGenError(f"{name} has no side {side!r}: left, right or both")
                for letter in letters:
                    shapes = table["sided"][code]
                    add({k.replace("{S}", letter): w for k, w in shapes.items()}, amount)
            elif code in table["whole"]:
                add(table["whole"][code], amount)
            elif code + {"left": "L", "right": "R"}.get(side, "") in table["whole"]:
                add(table["whole"][code + {"left": "L", "right": "R"}[side]], amount)
            elif code in table["lips"]:
                for lip in ("top", "bottom") if side == "both" else (side,):
                    if lip not in table["lips"][code]:
                        raise AUFaceGenError(f"{name} has no side {side!r}: top, bottom or both")
                    add(table["lips"][code][lip], amount)
            elif code not in table["head_degrees"]:
                raise AUFaceGenError(f"the rig cannot show {name}; see rig_units.json")
    return out if raw else combined(out, activations)
