"""The search kernel, which never writes a score.

    score_nk = |c_k|^2 / 2 - <x_n, c_k>

is an entry of a matrix product, computed a tile at a time. float32 is multiplied as bf16, three
parts a number, x = x1 + x2 + x3 to the last bit, and six products: x1 c1, x1 c2, x2 c1, x1 c3,
x2 c2, x3 c1; the others are less than 2^-26 of |x| |c|. bf16 vectors have one part, so three
products are all. _pack_codes.py says how the codes are laid out.

FOLD codes of a tile share a slot, so that a score costs one minimum and the rest once for FOLD of
them; at the end those of the slot that won are scored again, in float32 (_score_again.py).
Shapes: N vectors, K codes, D width, S splits of the codes.
"""

from __future__ import annotations

from vq_tokenizer.ops._operands import split_parts
from vq_tokenizer.ops._score_again import load_x, pair, score_again, score_margin
from vq_tokenizer.ops._triton import tl, triton

__all__ = ["nearest_code_kernel"]

if triton is not None:

    @triton.jit
    def _operand(  # type: ignore[no-untyped-def]
        x, rw, D: tl.constexpr, JOIN: tl.constexpr, SPARE: tl.constexpr, PARTS: tl.constexpr,
        KIND: tl.constexpr, UPCAST: tl.constexpr,
    ):  # fmt: skip
        """Parts of x as the table's rows want them; see _pack_codes."""
        first, second, third = split_parts(x, PARTS, KIND, UPCAST)
        if JOIN == 6:
            term = rw // D
            middle = ((term == 1) | (term == 3))[None, :]
            first = tl.where((term == 0)[None, :], third, tl.where(middle, second, first))
        if SPARE:
            ones = (rw >= JOIN * D) & (rw < JOIN * D + 3)
            first = tl.where(ones[None, :], tl.full((1, 1), 1.0, tl.float32).to(first.dtype), first)
        return first, second, third

    @triton.jit
    def _multiply(  # type: ignore[no-untyped-def]
        dot, x1, x2, x3, c_ptr, step, X_PARTS: tl.constexpr, C_PARTS: tl.constexpr,
        PRECISION: tl.constexpr, UPCAST: tl.constexpr,
    ):  # fmt: skip
        """dot plus the product of x and a tile of the table, small terms first."""
        c1 = tl.load(c_ptr)
        c1 = c1.to(tl.float32) if UPCAST else c1
        if C_PARTS == 3:
            c2, c3 = tl.load(c_ptr + step), tl.load(c_ptr + 2 * step)
            c2 = c2.to(tl.float32) if UPCAST else c2
            c3 = c3.to(tl.float32) if UPCAST else c3
            if X_PARTS == 3:
                dot = tl.dot(x3, c1, dot)
                dot = tl.dot(x2, c2, dot)
            dot = tl.dot(x1, c3, dot)
            if X_PARTS == 3:
                dot = tl.dot(x2, c1, dot)
            dot = tl.dot(x1, c2, dot)
        return tl.dot(x1, c1, dot, input_precision=PRECISION)

    # N and span change from call to call: specialising on them would compile again for 1 and for
    # multiples of 16.
    @triton.jit(do_not_specialize=["N", "span"])
    def nearest_code_kernel(  # type: ignore[no-untyped-def]
        x_ptr,
        table_ptr,  # (C_PARTS, rows, W), half_ptr (rows,), exact_ptr (K, D): see Packed
        half_ptr,
        exact_ptr,
        shift_ptr,
        bound_ptr,
        index_ptr,  # (N,) int64, or where PACKED (S, N) of pairs of score and index
        doubt_ptr,  # (S, N) fp32, where CERTIFY: no code but those scored again is below this
        order_ptr,  # (N,) int64, where GATHER: which vectors, and count_ptr (1,) how many
        count_ptr,
        N,
        rows,
        span,  # codes of a split, a multiple of BLOCK_K
        stride,
        D: tl.constexpr,
        W: tl.constexpr,
        DP: tl.constexpr,  # columns of a product: W, or less where the width is sliced
        BLOCK_N: tl.constexpr,
        BLOCK_K: tl.constexpr,
        FOLD: tl.constexpr,
        JOIN: tl.constexpr,
        SPARE: tl.constexpr,
        X_PARTS: tl.constexpr,
        C_PARTS: tl.constexpr,
        KIND: tl.constexpr,
        PRECISION: tl.constexpr,
        SHIFT: tl.constexpr,
        CERTIFY: tl.constexpr,
        PACKED: tl.constexpr,
        GATHER: tl.constexpr,
        UPCAST: tl.constexpr,  # for the interpreter, see _operands
    ):
        SLOTS: tl.constexpr = BLOCK_K // FOLD
        rn = tl.program_id(0).to(tl.int64) * BLOCK_N + tl.arange(0, BLOCK_N)
        inside = rn < N
        if GATHER:
            wanted = tl.load(count_ptr)
            if tl.program_id(0).to(tl.int64) * BLOCK_N >= wanted:
                return
            inside = rn < wanted
            rn = tl.load(order_ptr + rn, mask=inside, other=0)
        rw = tl.arange(0, DP)
        if DP == W:  # once a program: x stays where the product reads it
            x = load_x(x_ptr, rn, inside, rw % D, rw < JOIN * D, shift_ptr, stride, SHIFT)
            x1, x2, x3 = _operand(x, rw, D, JOIN, SPARE, X_PARTS, KIND, UPCAST)
        best = tl.full((BLOCK_N, SLOTS), float("inf"), tl.float32)
        tile = tl.zeros((BLOCK_N, SLOTS), tl.int32)
        hidden = best
        step = rows.to(tl.int64) * W
        begin = tl.program_id(1) * span
        rk = begin.to(tl.int64) + tl.arange(0, BLOCK_K)
        c_ptr = table_ptr + rk[None, :] * W + rw[:, None]
        for k0 in range(begin, tl.minimum(begin + span, rows), BLOCK_K):
            score = tl.zeros((BLOCK_N, BLOCK_K), tl.float32)
            if DP == W:
                score = _multiply(
                    score, x1, x2, x3, c_ptr, step, X_PARTS, C_PARTS, PRECISION, UPCAST
                )
            else:
                for d0 in range(0, W, DP):
                    r = d0 + rw
                    x = load_x(x_ptr, rn, inside, r, r < D, shift_ptr, stride, SHIFT)
                    x1, x2, x3 = _operand(x, rw, D, JOIN, SPARE, X_PARTS, KIND, UPCAST)
                    score = _multiply(
                        score, x1, x2, x3, c_ptr + d0, step, X_PARTS, C_PARTS, PRECISION, UPCAST
                    )
            if not SPARE:
                score += tl.load(half_ptr + k0 + tl.arange(0, BLOCK_K))[None, :]
            if FOLD > 1:
                score = tl.min(tl.reshape(score, (BLOCK_N, FOLD, SLOTS)), axis=1)
            if CERTIFY:
                hidden = tl.minimum(hidden, tl.maximum(score, best))
            c_ptr += BLOCK_K * W
            # strict <: the lowest index wins; minimum instead of a second where frees a predicate
            tile = tl.where(score < best, k0, tile)
            best = tl.minimum(score, best)

        slots = tl.arange(0, SLOTS)[None, :]
        least = tl.min(best, axis=1)
        if FOLD == 1 and not CERTIFY:
            won = tl.where(best == least[:, None], tile + slots, 2147483647)
            index = tl.min(won, axis=1)
        else:
            margin = tl.zeros((BLOCK_N,), tl.float32)
            if CERTIFY:
                margin = score_margin(
                    x_ptr, rn, inside, shift_ptr, bound_ptr, stride, D, KIND, SHIFT, UPCAST
                )
            least, index, best = score_again(
                best, tile, margin, x_ptr, rn, inside, exact_ptr, half_ptr, shift_ptr, stride,
                D, FOLD, SHIFT, CERTIFY,
            )  # fmt: skip
            if CERTIFY:
                doubt = tl.min(tl.minimum(best, hidden), axis=1) - margin
                tl.store(doubt_ptr + tl.program_id(1).to(tl.int64) * N + rn, doubt, mask=inside)
        index = tl.where(tl.abs(least) < float("inf"), index, 0).to(tl.int64)  # a NaN or inf in x
        if PACKED:
            tl.store(
                index_ptr + tl.program_id(1).to(tl.int64) * N + rn, pair(least, index), mask=inside
            )
        else:
            tl.store(index_ptr + rn, index, mask=inside)
