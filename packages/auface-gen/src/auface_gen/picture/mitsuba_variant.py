"""Which of mitsuba's variants is the fastest that works here.

`llvm_ad_rgb` is about twice as fast as `scalar_rgb`, but wants a shared LLVM library, and with
some releases (15, 16) code generation aborts the whole process on recent processors. So each
candidate renders one small picture in a process of its own first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from glob import glob

__all__ = ["fastest_variant"]

_PROBE = """
import mitsuba as mi
mi.set_variant("llvm_ad_rgb")
scene = mi.load_dict({"type": "scene", "integrator": {"type": "path", "max_depth": 3}, "light":
{"type": "constant"},
    "sensor": {"type": "perspective", "film": {"type": "hdrfilm", "width": 8, "height": 8}},
    "ball": {"type": "sphere", "bsdf": {"type": "principled", "roughness": 0.4, "specular": 0.4}}})
mi.render(scene, spp=4).numpy()
"""


@cache
def fastest_variant() -> str:
    """`llvm_ad_rgb` when a working LLVM is found (its path is put in DRJIT_LIBLLVM_PATH), else
    `scalar_rgb`.
    """
    given = os.environ.get("DRJIT_LIBLLVM_PATH")
    found = (
        [given]
        if given
        else sorted(
            glob("/usr/lib/*/libLLVM*.so*") + glob("/opt/homebrew/opt/llvm/lib/libLLVM.dylib"),
            reverse=True,
        )
        # Rust's compiler brings its own.
        + sorted(glob(os.path.expanduser("~/.rustup/toolchains/*/lib/libLLVM*.so*")))
    )
    for path in found:
        env = {**os.environ, "DRJIT_LIBLLVM_PATH": path}
        try:
            probe = subprocess.run(
                [sys.executable, "-c", _PROBE],
                env=env,
                capture_output=True,
                timeout=60,
                check=False,
            )
        except subprocess.TimeoutExpired:
            continue
        if probe.returncode == 0:
            os.environ["DRJIT_LIBLLVM_PATH"] = path
            return "llvm_ad_rgb"
    return "scalar_rgb"
