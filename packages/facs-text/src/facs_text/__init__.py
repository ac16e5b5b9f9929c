"""FACS codes to anatomical English and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from facs_text._coding import Action, Coding
from facs_text._describe import Clause, Description, describe
from facs_text._errors import FacsTextError
from facs_text._notation import parse
from facs_text._resolve import Applied, Resolution, resolve
from facs_text._units import ActionUnit, picture_units, unit, units
from facs_text._version import __version__

if TYPE_CHECKING:
    from facs_text._ask import QUESTIONS, Question, ask
    from facs_text._change import (
        Change,
        ChangeUnderstanding,
        Comparison,
        apply_changes,
        compare,
        understand_change,
    )
    from facs_text._contrast import CONTRASTS, Contrast, contrast
    from facs_text._narrate import Episode, Narration, narrate
    from facs_text._tokens import clip_tokens
    from facs_text._understand import Span, Understanding, understand
    from facs_text.presets import PRESETS, Preset, preset

__all__ = [
    "CONTRASTS",
    "PRESETS",
    "QUESTIONS",
    "Action",
    "ActionUnit",
    "Applied",
    "Change",
    "ChangeUnderstanding",
    "Clause",
    "Coding",
    "Comparison",
    "Contrast",
    "Description",
    "Episode",
    "FacsTextError",
    "Narration",
    "Preset",
    "Question",
    "Resolution",
    "Span",
    "Understanding",
    "__version__",
    "apply_changes",
    "ask",
    "clip_tokens",
    "compare",
    "contrast",
    "describe",
    "narrate",
    "parse",
    "picture_units",
    "preset",
    "resolve",
    "understand",
    "understand_change",
    "unit",
    "units",
]
# Loaded when first asked for, so that `import facs_text` stays quick.
_LATER = {
    "CONTRASTS": "facs_text._contrast",
    "PRESETS": "facs_text.presets",
    "QUESTIONS": "facs_text._ask",
    "Change": "facs_text._change",
    "ChangeUnderstanding": "facs_text._change",
    "Comparison": "facs_text._change",
    "Contrast": "facs_text._contrast",
    "Episode": "facs_text._narrate",
    "Narration": "facs_text._narrate",
    "Preset": "facs_text.presets",
    "Question": "facs_text._ask",
    "Span": "facs_text._understand",
    "Understanding": "facs_text._understand",
    "apply_changes": "facs_text._change",
    "ask": "facs_text._ask",
    "clip_tokens": "facs_text._tokens",
    "compare": "facs_text._change",
    "contrast": "facs_text._contrast",
    "narrate": "facs_text._narrate",
    "preset": "facs_text.presets",
    "understand": "facs_text._understand",
    "understand_change": "facs_text._change",
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
