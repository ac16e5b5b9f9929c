"""What could be wrong with an installation, looked at one by one: versions, weights, threads,
space. Nothing here imports what is heavy unless it is there to be looked at.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["OURS", "WEIGHTS", "Check", "checks"]

OURS = ("auface", "facs-text", "vq-tokenizer", "auface-gen", "aaad", "auface-studio")
WEIGHTS = "weights of the "
"""How the name of a check of weights begins."""
_LEAST_SPACE = 1 << 30
_BOUND = re.compile(r"(>=|<=|==|!=|<|>|~=)\s*([0-9][0-9.]*)")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: whether it is in order, and what is said of it."""

    name: str
    ok: bool
    said: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def checks() -> Iterator[Check]:
    """Everything that is looked at, in order."""
    for name in OURS:
        yield from _versions(name)
    for name, (ok, said) in _weights().items():
        yield Check(f"{WEIGHTS}{name}", ok, said)
    yield _threads()
    yield _space("temporary files", Path(tempfile.gettempdir()))
    yield _space("this folder", Path.cwd())


def _versions(name: str) -> Iterator[Check]:
    """Whether what a package of ours needs is there, in a version that it can do with."""
    try:
        wanted = requires(name) or []
    except PackageNotFoundError:
        return
    wrong = []
    for line in wanted:
        requirement, _, marker = line.partition(";")
        if "extra" in marker:
            continue
        needed = re.split(r"[\s<>=!~\[(]", requirement.strip(), maxsplit=1)[0]
        try:
            found = version(needed)
        except PackageNotFoundError:
            wrong.append(f"{needed} is not installed")
            continue
        if not _fits(found, requirement):
            wrong.append(f"{needed} is {found}, wanted {requirement.strip()}")
    said = "; ".join(wrong) or f"{version(name)}, and all that it needs"
    yield Check(f"versions for {name}", not wrong, said)


def _fits(found: str, requirement: str) -> bool:
    """Whether a version is within plain bounds; what is beyond numbers is not looked at."""
    have = _numbers(found)
    compare: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
        ">=": lambda a, b: a >= b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        "<": lambda a, b: a < b,
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "~=": lambda a, b: a >= b and a[: len(b) - 1] == b[:-1],
    }
    for sign, bound in _BOUND.findall(requirement):
        wanted = _numbers(bound)
        length = max(len(have), len(wanted))
        one, two = (t + (0,) * (length - len(t)) for t in (have, wanted))
        if not (compare[sign](have, wanted) if sign == "~=" else compare[sign](one, two)):
            return False
    return True


def _numbers(text: str) -> tuple[int, ...]:
    """The release of a version: 2.13.0+cpu is (2, 13, 0)."""
    release = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in release[0].split(".")) if release else (0,)


def _weights() -> dict[str, tuple[bool, str]]:
    """Of each shipped model, whether it is whole, and its name or what is wrong with it."""
    found: dict[str, tuple[bool, str]] = {}
    if find_spec("auface_gen") and find_spec("torch"):
        found["generator"] = _loaded(_generator)
    if find_spec("aaad") and find_spec("torch"):
        found["detector"] = _loaded(_detector)
    return found


def _generator() -> str:
    from auface_gen import AUFace

    return AUFace.from_pretrained(device="cpu").digest


def _detector() -> str:
    from aaad import Detector

    return Detector.from_pretrained(device="cpu").id


def _loaded(load: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, load()
    except Exception as error:  # whatever is wrong is what is asked for
        return False, " ".join(f"{error}".split()) or type(error).__name__


def _threads() -> Check:
    """How many threads a model would use, beside how many processors this process may use."""
    may = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS")
    used = may
    if find_spec("torch"):
        import torch

        used = torch.get_num_threads()
    said = f"{used} of {may} processors"
    said += f", as OMP_NUM_THREADS={asked} says" if asked else ""
    return Check("threads", used <= may, said if used <= may else f"{said}: they would wait")


def _space(what: str, place: Path) -> Check:
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check(f"space for {what}", False, f"{place}: {error.strerror or error}")
    return Check(
        f"space for {what}",
        free >= _LEAST_SPACE and os.access(place, os.W_OK),
        f"{free / 2**30:.1f} GiB free in {place}"
        + ("" if os.access(place, os.W_OK) else ", which cannot be written to"),
    )
