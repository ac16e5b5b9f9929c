"""Presets: named, sourced, never inferred."""

import pytest

from facs_text import PRESETS, FacsTextError, describe, parse, preset, resolve, understand


def test_names() -> None:
    assert preset("fear").coding == parse("1+2+4+5+7+20+26") == PRESETS["fear"].coding
    assert preset(" Pain ").system == "PSPI"
    assert {"happiness", "sadness", "surprise", "anger", "disgust", "contempt", "awed"} <= set(
        PRESETS
    )
    assert len(PRESETS) >= 30
    assert "EMFACS" in PRESETS["anger"].system
    assert parse("5+20+25") in preset("fear").variants
    for wrong in ("joy", "", 3):
        with pytest.raises(FacsTextError, match="no preset"):
            preset(wrong)  # type: ignore[arg-type]


def test_presets_are_said_without_their_names() -> None:
    for name, item in PRESETS.items():
        text = describe(item.coding).text
        assert name not in text.lower()
        assert understand(text).coding == resolve(item.coding).coding
