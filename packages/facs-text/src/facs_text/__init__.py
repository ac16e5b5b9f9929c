"""FACS codes to anatomical English and back."""

from facs_text._describe import Clause, Description, describe
from facs_text._errors import FacsTextError
from facs_text._notation import Action, Coding, parse
from facs_text._resolve import Applied, Resolution, resolve
from facs_text._understand import Span, Understanding, understand
from facs_text._units import RIG_UNITS, ActionUnit, unit, units
from facs_text._version import __version__
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
    "describe",
    "parse",
    "preset",
    "resolve",
    "understand",
    "unit",
    "units",
]
