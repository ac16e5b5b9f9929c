"""A checker of contradictions, written from points of the face and the ways they go.

It knows nothing of the rules: each unit moves some points along some axis, one way or the other.
Two clauses contradict each other when they move one point of one side in opposite ways and no
clause says both units.
"""

from __future__ import annotations

from facs_text import Description, understand

UP, DOWN, OUT, IN = 1, -1, 1, -1

# unit: {(point, axis): direction}. x of a corner: OUT is away from the middle of the mouth;
# z: OUT is forward; "gap": OUT is apart; "aperture": OUT is open.
MOVES: dict[str, dict[tuple[str, str], int]] = {
    "1": {("inner brow", "y"): UP},
    "2": {("outer brow", "y"): UP},
    "4": {("inner brow", "y"): DOWN, ("outer brow", "y"): DOWN, ("inner brow", "x"): IN},
    "5": {("upper lid", "y"): UP, ("eye", "aperture"): OUT},
    "6": {("cheek", "y"): UP, ("eye", "aperture"): IN},
    "7": {("lower lid", "y"): UP, ("eye", "aperture"): IN},
    "8": {("lips", "gap"): IN},
    "9": {("nose", "y"): UP, ("inner brow", "y"): DOWN, ("upper lip", "y"): UP},
    "10": {("upper lip", "y"): UP},
    "12": {("corner", "y"): UP, ("corner", "x"): OUT},
    "13": {("corner", "y"): UP},
    "14": {("corner", "x"): OUT},
    "15": {("corner", "y"): DOWN},
    "16": {("lower lip", "y"): DOWN},
    "17": {("chin", "y"): UP, ("lower lip", "y"): UP, ("jaw opening", "y"): UP},
    "18": {("corner", "x"): IN, ("lips", "z"): OUT},
    "19": {("tongue", "z"): OUT},
    "20": {("corner", "x"): OUT},
    "22": {("corner", "x"): IN, ("lips", "z"): OUT},
    "24": {("lips", "gap"): IN},
    "25": {("lips", "gap"): OUT},
    "26": {("jaw opening", "y"): DOWN},
    "27": {("jaw opening", "y"): DOWN, ("lips", "gap"): OUT},
    "28": {("lips", "z"): IN},
    "29": {("jaw", "z"): OUT},
    "31": {("jaw opening", "y"): UP},
    "33": {("cheek", "z"): OUT},
    "34": {("cheek", "z"): OUT},
    "35": {("cheek", "z"): IN},
    "38": {("nostril", "x"): OUT},
    "39": {("nostril", "x"): IN},
    "43": {("upper lid", "y"): DOWN, ("eye", "aperture"): IN},
    "45": {("upper lid", "y"): DOWN, ("eye", "aperture"): IN},
    "46": {("upper lid", "y"): DOWN, ("eye", "aperture"): IN},
    "51": {("head", "yaw"): 1}, "52": {("head", "yaw"): -1},
    "53": {("head", "pitch"): 1}, "54": {("head", "pitch"): -1},
    "55": {("head", "roll"): 1}, "56": {("head", "roll"): -1},
    "57": {("head", "z"): 1}, "58": {("head", "z"): -1},
    "61": {("gaze", "x"): 1}, "62": {("gaze", "x"): -1},
    "63": {("gaze", "y"): 1}, "64": {("gaze", "y"): -1},
    "65": {("gaze", "vergence"): 1}, "66": {("gaze", "vergence"): -1},
}  # fmt: skip
_BY_LIP = {"top": "upper", "bottom": "lower"}

Move = tuple[str, str, str]


def moves(code: str, side: str) -> dict[Move, int]:
    """(point, axis, place) to direction for one action; a place is a side, a lip or all."""
    found: dict[Move, int] = {}
    if code == "30" and side in ("left", "right"):
        return {("jaw", "x", "all"): 1 if side == "left" else -1}
    for (point, axis), way in MOVES.get(code, {}).items():
        places = (side,) if side in ("left", "right") else ("left", "right")
        if point == "lips" and axis == "z":
            places = (side,) if side in _BY_LIP else ("top", "bottom")
        elif point in ("jaw opening", "jaw", "head", "gaze", "chin", "tongue", "nostril"):
            places = ("all",)
        for place in places:
            found[point, axis, place] = way
    return found


def contradictions(description: Description) -> list[str]:
    """Points that two clauses move in opposite ways without one clause that says both units."""
    clauses = [list(understand(clause.text).coding) for clause in description.clauses]
    said: list[tuple[int, str, str, dict[Move, int]]] = [
        (n, a.code, a.side, moves(a.code, a.side)) for n, c in enumerate(clauses) for a in c
    ]
    problems = []
    for i, (n, code, side, ways) in enumerate(said):
        for m, other, other_side, others in said[i + 1 :]:
            if n == m or code == other:
                continue
            for move, way in ways.items():
                if others.get(move, way) == way or _both(clauses, code, other, move):
                    continue
                problems.append(f"{code} {side} and {other} {other_side} at {move}")
    return problems


def _both(clauses: list[list], code: str, other: str, move: Move) -> bool:
    for clause in clauses:
        here = {a.code for a in clause if move in moves(a.code, a.side)}
        if {code, other} <= here:
            return True
    return False
