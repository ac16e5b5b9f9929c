"""Compile the shipped kernels ahead of time, with neither GPU nor CUDA toolkit, and look at them.

    python -m vq_tokenizer.ops.ahead            # a table of registers, spills, shared memory

The Triton wheel brings ptxas and nvdisasm. Instructions are counted in the kernel's hottest loop
and given for each score, because at small widths the arithmetic around the product decides.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from vq_tokenizer.ops._triton import SHARED_LIMIT
from vq_tokenizer.ops.nearest_code import kernel_constants, nearest_code_kernel

__all__ = ["Compiled", "compile_search"]

_ARITHMETIC = {"FSETP", "FSEL", "SEL", "ISETP", "FMNMX", "IMNMX", "FADD", "FFMA", "FMUL"}
_ARITHMETIC |= {"PLOP3", "LOP3", "MOV", "SHFL", "VIMNMX", "FMNMX3"}


class Compiled(NamedTuple):
    """registers and stack (spilled) bytes of a thread, shared bytes of a block, instructions a
    score.

    product: the matrix instruction found ("wgmma", "mma.sync", "mfma", or "fma" for none).
    instructions: arithmetic in the loop a score; None where no disassembler knows the code.
    """

    target: str
    registers: int
    spilled: int
    shared: int
    product: str
    instructions: float | None


def compile_search(
    target: str, operands: str, d: int, *, gap: bool = False, gather: bool = False
) -> Compiled:
    """Compile nearest_code's kernel as it is launched on target ("sm_80", "sm_90" or "gfx942").

    operands: "half", "tf32" or "fp32". d: width. K is taken as a multiple of 16.
    """
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    gpu = {
        "sm_80": GPUTarget("cuda", 80, 32),
        "sm_90": GPUTarget("cuda", 90, 32),
        "gfx942": GPUTarget("hip", "gfx942", 64),
    }[target]
    shift = operands != "half"
    constants, warps, stages = kernel_constants(
        target, operands, d, shift=shift, gap=gap, gather=gather, upcast=False
    )
    element = "*bf16" if operands == "half" else "*fp32"
    types = {
        "x_ptr": element,
        "c_ptr": element,
        "low_ptr": element,
        "half_ptr": "*fp32",
        "shift_ptr": "*fp32",
    }
    types |= {"index_ptr": "*i64", "gap_ptr": "*fp32", "order_ptr": "*i64", "count_ptr": "*i64"}
    types |= dict.fromkeys(("N", "K", "stride_xn", "stride_ck"), "i32")
    names = nearest_code_kernel.arg_names
    source = ASTSource(
        nearest_code_kernel,
        signature={n: types.get(n, "constexpr") for n in names},
        constexprs=constants,
        attrs={
            (names.index(n),): [["tt.divisibility", 16]]
            for n in types
            if n != "N" and not (n.startswith("stride") and d % 16)
        },
    )
    compiled = triton.compile(
        source, target=gpu, options={"num_warps": warps, "num_stages": stages}
    )
    scores = constants["BLOCK_N"] * constants["BLOCK_K"] / (warps * gpu.warp_size)
    figures = _amd(compiled) if target == "gfx942" else _nvidia(compiled, scores)
    return Compiled(target, shared=compiled.metadata.shared, **figures)


def _nvidia(compiled: Any, scores: float) -> dict[str, Any]:
    from triton import knobs

    with tempfile.TemporaryDirectory() as folder:
        binary = Path(folder, "k.cubin")
        binary.write_bytes(compiled.asm["cubin"])
        usage = _run(knobs.nvidia.cuobjdump.path, "-res-usage", str(binary))
        listing = _run(knobs.nvidia.nvdisasm.path, "-c", str(binary))
    found = re.search(r"REG:(\d+) STACK:(\d+)", usage)
    assert found is not None, usage
    mix = _hottest_loop(listing)
    products = [p for p in ("wgmma", "mma.sync") if p in compiled.asm["ptx"]]
    return {
        "registers": int(found[1]),
        "spilled": int(found[2]),
        "product": products[0] if products else "fma",
        "instructions": sum(c for op, c in mix.items() if op in _ARITHMETIC) / scores,
    }


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _amd(compiled: Any) -> dict[str, Any]:
    listing: str = compiled.asm["amdgcn"]

    def number(name: str) -> int:
        found = re.search(rf"\.{name}:\s*(\d+)", listing)
        assert found is not None, name
        return int(found[1])

    return {
        "registers": number("vgpr_count"),
        "spilled": number("vgpr_spill_count"),
        "product": "mfma" if "v_mfma" in listing else "fma",
        "instructions": None,
    }


def _hottest_loop(listing: str) -> Counter[str]:
    """Instruction mix between the farthest backward branch of a SASS listing and its label."""
    labels: dict[str, int] = {}
    instructions: list[str] = []
    start = end = 0
    for line in listing.splitlines():
        if label := re.match(r"\s*(\.L_\w+):", line):
            labels[label[1]] = len(instructions)
        found = re.search(r"/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+ )?([A-Z][\w.]*)(.*)", line)
        if found is None:
            continue
        branch = re.search(r"`\((\.L_\w+)\)", found[2]) if found[1].startswith("BRA") else None
        if branch and len(instructions) - labels.get(branch[1], len(instructions)) > end - start:
            start, end = labels[branch[1]], len(instructions)
        instructions.append(found[1].split(".")[0])
    return Counter(instructions[start:end])


def main() -> None:
    """Print one line for each family, operand kind and width."""

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")

    say(f"{'target':8}{'operands':10}{'width':>6}  registers spilled  shared  product   a score")
    for target in SHARED_LIMIT:
        for operands in ("half", "tf32", "fp32"):
            for width in (8, 16, 32, 64, 128, 256, 512):
                c = compile_search(target, operands, width)
                count = "" if c.instructions is None else f"{c.instructions:.1f}"
                over = " OVER" if c.shared > SHARED_LIMIT[target] else ""
                say(
                    f"{target:8}{operands:10}{width:6}  {c.registers:9} {c.spilled:7} "
                    f"{c.shared:7}{over}  {c.product:9} {count}"
                )


if __name__ == "__main__":
    main()
