"""Draws a face that does exactly what FACS action units say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auface_gen.errors import AUFaceGenError
    from auface_gen.generated import Generated
    from auface_gen.pipeline import AUFace

__all__ = ["AUFace", "AUFaceGenError", "Generated"]
__version__ = "0.1.0"

_HOMES = {"AUFace": "pipeline", "Generated": "generated", "AUFaceGenError": "errors"}


def __getattr__(name: str) -> Any:
    """Import torch only when something that needs it is asked for."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"auface_gen.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'auface_gen' has no attribute {name!r}")
