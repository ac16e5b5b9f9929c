"""The public surface, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import aaad


def test_what_is_declared_is_there():
    later = {name for name in aaad.__all__ if name in aaad._LATER}  # these need torch
    for name in set(aaad.__all__) - later:
        assert hasattr(aaad, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = aaad.nothing


def test_importing_it_brings_no_torch():
    code = "import sys, aaad; assert not {'torch', 'PIL', 'safetensors'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
