"""Compile the shipped kernels ahead of time, with neither GPU nor CUDA toolkit, and look at them.

    python benchmarks/vq_ahead.py            # a table of registers, spills, shared memory

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

from vq_tokenizer.ops import _triton
from vq_tokenizer.ops._code_stats import chunk_sums_kernel, code_sums_kernel
from vq_tokenizer.ops._ema_update import ema_kernel
from vq_tokenizer.ops._lookup_triton import lookup_backward_kernel, lookup_kernel
from vq_tokenizer.ops._nearest_code_kernel import nearest_code_kernel
from vq_tokenizer.ops._nearest_code_triton import search_constants
from vq_tokenizer.ops._operands import layout_of
from vq_tokenizer.ops._pack_codes import measure_codes_kernel, pack_codes_kernel
from vq_tokenizer.ops._score_again import merge_splits_kernel
from vq_tokenizer.ops._triton import SHARED_LIMIT, next_power_of_2, search_tile

__all__ = ["Compiled", "compile_search", "compile_small", "configurations"]

_ARITHMETIC = {"FSETP", "FSEL", "SEL", "ISETP", "FMNMX", "IMNMX", "FADD", "FFMA", "FMUL", "PLOP3"}
_ARITHMETIC |= {"LOP3", "MOV", "SHFL", "VIMNMX", "FMNMX3", "IMAD", "LEA", "IADD3", "VIADD", "SHF"}
_ARITHMETIC |= {"PRMT", "SGXT", "F2F", "F2FP"}  # moves, addresses and conversions too
_WAIT = 20  # a loop of so few instructions waits for a copy and does not go over the width
_WIDEST = 1024  # what stands for every width above the table's last bound


class Compiled(NamedTuple):
    """registers and stack (spilled) bytes of a thread, shared bytes of a block, instructions a
    score.

    product: the matrix instruction found ("wgmma", "mma.sync", "mfma", or "fma" for none).
    instructions: arithmetic in the loop a score; None for kernels that score nothing.
    wide: whether every row offset is multiplied in 64 bits, so that it may pass 2^31.
    """

    target: str
    registers: int
    spilled: int
    shared: int
    product: str
    instructions: float | None
    wide: bool


def configurations() -> list[tuple[str, str, int, bool]]:
    """Every entry of the table of tiles at the largest width it serves: arguments of
    compile_search (target, operands, width, certify); certified too where that is ever asked."""
    found = []
    for target, operands, bound in _triton._TILES:
        width = min(bound, _WIDEST)
        kind = "bf16" if operands == "half" else operands
        found.append((target, kind, width, False))
        if kind in ("bf16", "tf32"):  # exact scores need no certificate
            found.append((target, kind, width, True))
    return found


def compile_search(
    target: str,
    operands: str,
    d: int,
    *,
    certify: bool = False,
    gather: bool = False,
    packed: bool = False,
) -> Compiled:
    """Compile nearest_code's kernel as it is launched on target ("sm_80", "sm_90" or "gfx942").

    operands: "bf16", "fp16", "mixed", "tf32" or "fp32". d: width. K is taken as a multiple of 16.
    """
    shift = operands in ("tf32", "fp32")
    constants, tile, layout = search_constants(
        target, operands, d, shift=shift, certify=certify, packed=packed or certify, gather=gather
    )
    element = {"bf16": "*bf16", "fp16": "*fp16"}.get(layout.kind, "*fp32")
    types = {"x_ptr": "*fp32" if shift else element, "table_ptr": element}
    types |= dict.fromkeys(("half_ptr", "exact_ptr", "shift_ptr", "doubt_ptr"), "*fp32")
    types |= {"bound_ptr": "*i32"}
    types |= dict.fromkeys(("index_ptr", "order_ptr", "count_ptr"), "*i64")
    types |= dict.fromkeys(("N", "rows", "span", "stride"), "i32")
    loose = {"N", "span"} if d % 16 == 0 else {"N", "span", "stride"}
    threads = tile.warps * (64 if target == "gfx942" else 32)
    scores = tile.rows * tile.codes / threads
    return _compile(
        nearest_code_kernel,
        target,
        types,
        constants,
        loose,
        tile.warps,
        tile.stages,
        scores,
        layout.width // layout.columns,
    )


def compile_small(name: str, target: str, d: int) -> Compiled:
    """Compile another kernel for width d: "lookup", "lookup_backward", "code_sums",
    "chunk_sums", "ema", "merge_splits", "measure_codes" or "pack_codes"."""
    width = next_power_of_2(d)
    constants: dict[str, Any] = {"D": d, "DP": width}
    fp32, i64, i32 = "*fp32", "*i64", "i32"
    if name == "lookup":
        kernel = lookup_kernel
        types = dict.fromkeys(("z_ptr", "codes_ptr", "out_ptr", "error_ptr"), fp32)
        types |= {"index_ptr": i64} | dict.fromkeys(("N", "stride_z", "stride_c"), i32)
        constants |= {"BLOCK_N": max(1, min(64, 4096 // width))}
    elif name == "lookup_backward":
        kernel = lookup_backward_kernel
        pointers = ("grad_ptr", "grad_error_ptr", "z_ptr", "chosen_ptr", "out_ptr")
        types = dict.fromkeys(pointers, fp32)
        types |= dict.fromkeys(("N", "stride_g", "stride_e", "stride_z", "stride_q"), i32)
        constants |= {"BLOCK_N": max(1, min(64, 4096 // width)), "TINY": 1e-6}
        constants |= dict.fromkeys(("CODES", "ERROR", "ROTATE"), True)
    elif name in ("code_sums", "chunk_sums"):
        kernel = code_sums_kernel if name == "code_sums" else chunk_sums_kernel
        types = {"x_ptr": fp32, "order_ptr": i64, "whole_ptr": fp32, "stride_xn": i32}
        types |= {"first_ptr": i64, "sums_ptr": fp32} if name == "code_sums" else {}
        types |= {} if name == "code_sums" else {"sorted_ptr": "*i16"}
        constants |= {"BLOCK_N": max(1, min(32, 2048 // width)), "CHUNK": 256}
    elif name == "ema":
        kernel = ema_kernel
        types = dict.fromkeys(("codes_ptr", "counts_ptr", "sums_ptr"), fp32)
        types |= dict.fromkeys(("new_counts_ptr", "new_sums_ptr", "weight_ptr"), fp32) | {"K": i32}
        constants |= {"BLOCK_K": max(1, min(32, 2048 // width)), "ALIVE": 1e-6}
    elif name == "merge_splits":
        kernel = merge_splits_kernel
        types = dict.fromkeys(("pairs_ptr", "index_ptr", "order_ptr", "count_ptr"), i64)
        types |= {"doubt_ptr": fp32, "N": i32, "splits": i32}
        constants = {"BLOCK_N": 256, "CERTIFY": True}
    elif name == "measure_codes":
        kernel = measure_codes_kernel
        types = {"codes_ptr": fp32, "partial_ptr": fp32, "K": i32, "stride": i32}
        constants |= {"BLOCK_K": max(1, min(64, 4096 // width))}
    else:  # pack_codes
        kernel = pack_codes_kernel
        layout = layout_of(target, "fp32", d, search_tile(target, "fp32", d).slice)
        types = dict.fromkeys(("codes_ptr", "partial_ptr", "half_ptr", "exact_ptr"), fp32)
        types |= {"shift_ptr": fp32, "bound_ptr": "*i32"}
        types |= {"table_ptr": fp32 if layout.kind == "fp32" else "*bf16"}
        types |= dict.fromkeys(("K", "rows", "stride"), i32)
        width = next_power_of_2(layout.width)
        constants = {"D": d, "W": layout.width, "WP": width}
        constants |= {"BLOCK_K": max(1, min(64, 4096 // width)), "JOIN": layout.join}
        constants |= {"SPARE": layout.spare, "C_PARTS": layout.c_parts, "KIND": layout.kind}
        constants |= {"CENTRE": 1, "COSINE": False, "BOUND": True, "PARTIALS": 16}
    return _compile(kernel, target, types, constants, {"N", "K"}, 4, 3, None)


def _compile(
    kernel: Any,
    target: str,
    types: dict[str, str],
    constants: dict[str, Any],
    loose: set[str],
    warps: int,
    stages: int,
    scores: float | None,
    turns: int = 1,
) -> Compiled:
    """Compile kernel; all arguments but the loose ones are multiples of 16, as torch's are.

    scores: that each thread computes in one turn of the loop, where it computes any. turns: of the
    loop over the width within it.
    """
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    gpu = {
        "sm_80": GPUTarget("cuda", 80, 32),
        "sm_90": GPUTarget("cuda", 90, 32),
        "gfx942": GPUTarget("hip", "gfx942", 64),
    }[target]
    names = kernel.arg_names
    source = ASTSource(
        kernel,
        signature={n: types.get(n, "constexpr") for n in names},
        constexprs=constants,
        attrs={(names.index(n),): [["tt.divisibility", 16]] for n in types if n not in loose},
    )
    compiled = triton.compile(
        source, target=gpu, options={"num_warps": warps, "num_stages": stages}
    )
    figures = (
        _amd(compiled, scores, turns) if target == "gfx942" else _nvidia(compiled, scores, turns)
    )
    narrow = re.search(r"arith\.muli .*: tensor<[\dx]+xi32>", compiled.asm["ttir"])
    return Compiled(target, shared=compiled.metadata.shared, wide=narrow is None, **figures)


def _nvidia(compiled: Any, scores: float | None, turns: int) -> dict[str, Any]:
    from triton import knobs

    with tempfile.TemporaryDirectory() as folder:
        binary = Path(folder, "k.cubin")
        binary.write_bytes(compiled.asm["cubin"])
        usage = _run(knobs.nvidia.cuobjdump.path, "-res-usage", str(binary))
        listing = _run(knobs.nvidia.nvdisasm.path, "-c", str(binary)) if scores else ""
    found = re.search(r"REG:(\d+) STACK:(\d+)", usage)
    assert found is not None, usage
    mix = _hottest_loop(listing, r"\s*(\.L_\w+):", _SASS, turns)
    products = [p for p in ("wgmma", "mma.sync") if p in compiled.asm["ptx"]]
    count = sum(c for op, c in mix.items() if op.split(".")[0] in _ARITHMETIC)
    return {
        "registers": int(found[1]),
        "spilled": int(found[2]),
        "product": products[0] if products else "fma",
        "instructions": count / scores if scores else None,
    }


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _amd(compiled: Any, scores: float | None, turns: int) -> dict[str, Any]:
    listing: str = compiled.asm["amdgcn"]

    def number(name: str) -> int:
        found = re.search(rf"\.{name}:\s*(\d+)", listing)
        assert found is not None, name
        return int(found[1])

    mix = _hottest_loop(listing, r"(\.LBB\w+):", _GCN, turns)
    count = sum(c for op, c in mix.items() if op.startswith("v_") and "mfma" not in op)
    return {
        "registers": number("vgpr_count"),
        "spilled": number("vgpr_spill_count"),
        "product": "mfma" if "v_mfma" in listing else "fma",
        "instructions": count / scores if scores else None,
    }


# An instruction (group 1), and the label it branches to (group 2) where it does.
_SASS = r"/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+ )?([A-Z][\w.]*)(?:.*`\((\.L_\w+)\))?"
_GCN = r"\s+([vs]_\w+|ds_\w+|buffer_\w+|global_\w+)(?:.*\s(\.LBB\w+))?"


def _hottest_loop(listing: str, label: str, instruction: str, turns: int) -> Counter[str]:
    """Instructions of one turn of the longest loop that multiplies matrices, by name.

    A loop runs between a backward branch and its label. Loops within the longest one go over the
    width, `turns` times each, so theirs count that often.
    """
    labels: dict[str, int] = {}
    instructions: list[str] = []
    loops: list[tuple[int, int]] = []
    for line in listing.splitlines():
        if found := re.match(label, line):
            labels[found[1]] = len(instructions)
        found = re.search(instruction, line)
        if found is None:
            continue
        instructions.append(found[1])
        if "BRA" in found[1] or "branch" in found[1]:
            here = len(instructions) - 1
            if labels.get(found[2], here) < here:
                loops.append((labels[found[2]], here))
    products = [i for i, name in enumerate(instructions) if re.search("MMA|mfma", name)]
    loops = [loop for loop in loops if any(loop[0] <= i <= loop[1] for i in products)]
    if not loops:
        return Counter()
    start, end = max(loops, key=lambda loop: loop[1] - loop[0])
    mix = Counter(instructions[start:end])
    inner = [loop for loop in loops if start < loop[0] and loop[1] < end]
    # of several branches back to one label the last closes the loop; shorter ones are waits
    for begin in {loop[0] for loop in inner}:
        last = max(loop[1] for loop in inner if loop[0] == begin)
        if last - begin > _WAIT:
            for name in instructions[begin:last]:
                mix[name] += turns - 1
    return mix


def main() -> None:
    """Print one line for each family, operand kind and width."""

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")

    say(f"{'target':8}{'operands':10}{'width':>6}  registers spilled  shared  product   a score")
    for target in SHARED_LIMIT:
        for operands in ("bf16", "mixed", "tf32", "fp32"):
            if (target, operands) == ("gfx942", "tf32"):
                continue  # fp32 there
            for width in (8, 16, 32, 64, 128, 256, 512, _WIDEST):
                c = compile_search(target, operands, width)
                over = " OVER" if c.shared > SHARED_LIMIT[target] else ""
                say(
                    f"{target:8}{operands:10}{width:6}  {c.registers:9} {c.spilled:7} "
                    f"{c.shared:7}{over}  {c.product:9} {c.instructions:.1f}"
                )


if __name__ == "__main__":
    main()
