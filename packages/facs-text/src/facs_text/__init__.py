"""FACS codes to anatomical English and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from facs_text._describe import Clause, Description, describe
from facs_text._errors import FacsTextError
from facs_text._notation import Action, Coding, parse
from facs_text._resolve import Applied, Resolution, resolve
from facs_text._units import RIG_UNITS, ActionUnit, unit, units
from facs_text._version import __version__

if TYPE_CHECKING:
    from facs_text._tokens import clip_tokens
    from facs_text._understand import Span, Understanding, understand
    from facs_text.presets import PRESETS, Preset, preset

__all__ = [
    "PRESETS",
    "RIG_UNITS",
    "Action",
    "ActionUnit",
    "Applied",
    "Clause",
    "Coding",
    "Description",
    "FacsTextError",
    "Preset",
    "Resolution",
    "Span",
    "Understanding",
    "__version__",
    "clip_tokens",
    "describe",
    "parse",
    "preset",
    "resolve",
    "understand",
    "unit",
    "units",
]
# Loaded when first asked for, so that `import facs_text` stays quick.
_LATER = {
    "PRESETS": "facs_text.presets",
    "Preset": "facs_text.presets",
    "Span": "facs_text._understand",
    "Understanding": "facs_text._understand",
    "clip_tokens": "facs_text._tokens",
    "preset": "facs_text.presets",
    "understand": "facs_text._understand",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(_LATER[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
