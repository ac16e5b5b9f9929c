"""Pictures to what is seen in them: by this package's networks, or as another detector wrote it.

Which detector may not score is decided here: one that the pictures' generator was trained against.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aaad.asked import targets
from aaad.errors import AAADError
from aaad.images import Picture, true_pictures
from aaad.looking import Eyes, look, true_features
from aaad.pairing import pair
from aaad.seen import Seen
from aaad.tables import read_table

if TYPE_CHECKING:
    from aaad.align.finder import Finder

__all__ = ["see"]

Tell = Callable[[str], None]
_BESIDE = ("identity", "realism", "tears")
"""What only networks see."""


def see(
    pictures: Sequence[Picture],
    *,
    detector: Path | None = None,
    table: Path | None = None,
    format: str = "auto",
    identity: Path | None = None,
    tears: Path | None = None,
    true: Path | None = None,
    align: bool = False,
    finder: Finder | None = None,
    part: tuple[int, int] = (1, 1),
    tell: Tell = lambda _: None,
) -> Seen:
    """What is asked of the pictures and seen in them, by a detector or from another one's table.

    `identity`, `tears`: folders of networks, the shipped ones unless told. `true`: a folder of true
    pictures, for realism. `align`: the pictures are photographs, to be cropped first, by the faces
    that `finder` finds. `part` (I, N) takes every N-th from the I-th, for N processes whose parts
    are then put together.

    Raises:
        AAADError: nothing to score, a picture that cannot be read, a table that does not fit, a
            detector that the pictures' generator was trained against.
    """
    moving = [p for p in pictures if not p.at_rest]
    if not moving:
        raise AAADError("only faces at rest: nothing to score")
    mine = moving[part[0] - 1 :: part[1]]
    words = _words(mine)
    if table is not None:
        return _from_table(table, format, pictures, moving, part, words, tell)
    eyes = _eyes(detector, identity, tears, align, finder)
    _refuse_known(eyes.detector.id, pictures)
    given = sum(p.neutral is not None for p in moving)
    with_rest = given == len(moving)
    if given and not with_rest:
        tell(f"{given} of {len(moving)} pictures come with the person at rest: not used")
    found = look(eyes, mine, with_rest=with_rest, tell=tell)
    features, people = (
        (None, []) if true is None else true_features(eyes, true_pictures(true), tell=tell)
    )
    return Seen(
        pred=found.pred,
        rest=found.rest,
        target=_asked(mine, eyes.detector.columns),
        mask=found.mask,
        columns=tuple(eyes.detector.columns),
        presence=(),
        detector=eyes.detector.id,
        ceiling=eyes.detector.ceiling("with_neutral" if with_rest else "alone"),
        extra=found.extra,
        about=_about(eyes),
        true=features,
        true_people=tuple(people),
        **words,
    )


def _words(pictures: Sequence[Picture]) -> dict[str, Any]:
    """What is known of the pictures without looking at them, as `Seen` names it."""
    return {
        "files": [str(p.path) for p in pictures],
        "codes": [p.codes for p in pictures],
        "texts": [p.text for p in pictures],
        "subjects": [p.subject for p in pictures],
        "before": [None if p.before is None else str(p.before) for p in pictures],
    }


def _asked(pictures: Sequence[Picture], columns: Sequence[str]) -> NDArray[np.float32]:
    return targets([p.asked for p in pictures], columns).astype(np.float32)


def _from_table(
    path: Path,
    format: str,
    pictures: Sequence[Picture],
    moving: Sequence[Picture],
    part: tuple[int, int],
    words: dict[str, Any],
    tell: Tell,
) -> Seen:
    """What another detector wrote of the pictures."""
    found = read_table(path, format)
    neutrals = {p.neutral for p in moving if p.neutral is not None}
    everything = sorted({p.path for p in pictures} | neutrals, key=str)
    pairs = pair(found, [p.path for p in moving], everything, tell=tell, name=str(path))
    rows = np.array(pairs.rows[part[0] - 1 :: part[1]], np.int64)
    return Seen(
        pred=found.pred[np.maximum(rows, 0)],
        rest=None,
        target=_asked(moving[part[0] - 1 :: part[1]], found.columns),
        mask=found.mask[np.maximum(rows, 0)] & (rows >= 0)[:, None],
        columns=tuple(found.columns),
        presence=tuple(found.presence),
        detector=path.stem,
        about={"notes": dict.fromkeys(_BESIDE, "is seen by networks, not read from tables")},
        **words,
    )


def _eyes(
    detector: Path | None,
    identity: Path | None,
    tears: Path | None,
    align: bool,
    finder: Finder | None,
) -> Eyes:
    """The networks: those in the folders that are named, else those that come with the package."""
    from aaad.detector import Detector
    from aaad.identity import Identity
    from aaad.identity.predict import WEIGHTS as WHO
    from aaad.tears import Tears
    from aaad.tears.predict import WEIGHTS as TORN

    return Eyes(
        Detector.from_pretrained(detector),
        None if identity is None and not WHO.is_dir() else Identity.from_pretrained(identity),
        None if tears is None and not TORN.is_dir() else Tears.from_pretrained(tears),
        align,
        finder,
    )


def _about(eyes: Eyes) -> dict[str, Any]:
    """Plain values of the networks beside the detector."""
    about: dict[str, Any] = {"networks": {}, "notes": {}}
    for name, network in (("identity", eyes.identity), ("tears", eyes.tears)):
        if network is None:
            about["notes"][name] = (
                f"this copy of aaad has no such network; name one with --{name}-network"
            )
        else:
            about["networks"][name] = network.id
    if eyes.tears is not None:
        from aaad.tears import PARTS

        about |= {"parts": list(PARTS), "false_alarms": eyes.tears.false_alarms}
    return about


def _refuse_known(detector: str, pictures: Sequence[Picture]) -> None:
    """A generator has learned to please the detector it was trained against."""
    name = detector.partition(":")[0]
    for picture in pictures:
        if any(other in (name, detector) for other in picture.detectors):
            raise AAADError(
                f"{picture.path}: its generator was trained against the detector {name}, which "
                "cannot score it; name another with --detector"
            )
