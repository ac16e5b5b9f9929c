"""What settles a search once its loop over the codes is done.

`score_again` tells apart the codes that shared a slot, and scores anew every slot that might win.

`certify` proves an answer of rounded operands x~, c~. Their scores are off by at most

    margin = |x - x~| max|c| + |x~| max|c - c~| + rounding of float32 sums

which is measured for each vector. A code whose rounded score less the margin is not below the
winner's float32 score has lost; slots where that is open are scored again, and each slot also knows
the least score that it hid. Vectors for which one might still win are listed and searched exactly.

`merge_splits_kernel` takes the best of the splits, by pairs of score and index in one int64.
Shapes: N vectors, D width, S splits.
"""

from __future__ import annotations

from vq_tokenizer.ops._operands import rounded
from vq_tokenizer.ops._triton import tl, triton

__all__ = ["load_x", "merge_splits_kernel", "pair", "score_again", "score_margin"]

if triton is not None:
    _DIMS = tl.constexpr(64)  # dimensions at a time where codes are scored again
    _SUM_ERROR = tl.constexpr(2.0**-23)  # relative error of one addition of a matrix unit

    @triton.jit
    def load_x(  # type: ignore[no-untyped-def]
        x_ptr, rows, inside, dims, known, shift_ptr, stride, SHIFT: tl.constexpr
    ):
        """Vectors (rows, dims), less the shift; 0 where not inside and known."""
        mask = inside[:, None] & known[None, :]
        x = tl.load(x_ptr + rows[:, None] * stride + dims[None, :], mask=mask, other=0.0)
        if SHIFT:
            x = x.to(tl.float32) - tl.load(shift_ptr + dims, mask=known, other=0.0)[None, :]
        return x

    @triton.jit
    def score_margin(  # type: ignore[no-untyped-def]
        x_ptr, rn, inside, shift_ptr, bound_ptr, stride,
        D: tl.constexpr, KIND: tl.constexpr, SHIFT: tl.constexpr, UPCAST: tl.constexpr,
    ):  # fmt: skip
        """How far a rounded score may be off, for each vector; measured, not estimated."""
        DIMS: tl.constexpr = min(_DIMS, triton.next_power_of_2(D))
        length = tl.zeros(rn.shape, tl.float32)
        error = tl.zeros(rn.shape, tl.float32)
        for d0 in range(0, D, DIMS):
            r = d0 + tl.arange(0, DIMS)
            x = load_x(x_ptr, rn, inside, r, r < D, shift_ptr, stride, SHIFT).to(tl.float32)
            near = rounded(x, KIND, UPCAST).to(tl.float32)
            length += tl.sum(near * near, axis=1)
            error += tl.sum((x - near) * (x - near), axis=1)
        longest = tl.sqrt(tl.load(bound_ptr).to(tl.float32, bitcast=True))
        worst = tl.sqrt(tl.load(bound_ptr + 1).to(tl.float32, bitcast=True))
        length, error = tl.sqrt(length), tl.sqrt(error)
        sums = (D + 8) * _SUM_ERROR * longest * (length + longest)
        return (error * longest + length * worst) * 1.0001 + sums

    @triton.jit
    def score_again(  # type: ignore[no-untyped-def]
        best, tile, margin, x_ptr, rn, inside, exact_ptr, half_ptr, shift_ptr, stride,
        D: tl.constexpr, FOLD: tl.constexpr, SHIFT: tl.constexpr, CERTIFY: tl.constexpr,
    ):  # fmt: skip
        """Scores in float32 of all codes whose slot might win: least score, its lowest index, and
        best without those slots."""
        SLOTS: tl.constexpr = best.shape[1]
        DIMS: tl.constexpr = min(_DIMS, triton.next_power_of_2(D))
        slots = tl.arange(0, SLOTS)[None, :]
        least = tl.full(rn.shape, float("inf"), tl.float32)
        index = tl.zeros(rn.shape, tl.int32)
        pick = tl.min(best, axis=1)
        limit = pick
        open = inside & (pick < float("inf"))
        while tl.max(open.to(tl.int32), axis=0) > 0:  # once for most vectors
            slot = tl.min(tl.where(best == pick[:, None], slots, SLOTS), axis=1)
            hit = (slots == slot[:, None]) & open[:, None]
            first = tl.sum(tl.where(hit, tile, 0), axis=1) + slot
            for j in range(FOLD):
                k = first + j * SLOTS
                score = tl.load(half_ptr + k, mask=open, other=float("inf"))
                known = score < float("inf")  # not past the last code
                for d0 in range(0, D, DIMS):
                    r = d0 + tl.arange(0, DIMS)
                    x = load_x(x_ptr, rn, known, r, r < D, shift_ptr, stride, SHIFT)
                    mask = known[:, None] & (r < D)[None, :]
                    at = k.to(tl.int64)[:, None] * D + r[None, :]
                    score -= tl.sum(
                        x.to(tl.float32) * tl.load(exact_ptr + at, mask=mask, other=0.0), axis=1
                    )
                better = known & ((score < least) | ((score == least) & (k < index)))
                least = tl.where(better, score, least)
                index = tl.where(better, k, index)
            best = tl.where(hit, float("inf"), best)
            pick = tl.min(best, axis=1)
            if CERTIFY:
                limit = least + margin
            open = inside & (pick <= limit) & (pick < float("inf"))
        return least, index, best

    @triton.jit
    def pair(score, index):  # type: ignore[no-untyped-def]
        """An int64 whose least is that of the lowest score and then of the lowest index."""
        bits = tl.where(score == 0, 0.0, score).to(tl.int32, bitcast=True)  # no -0.0
        bits = bits ^ ((bits >> 31) & 0x7FFFFFFF)
        return (bits.to(tl.int64) << 32) | index

    @triton.jit(do_not_specialize=["N", "splits"])
    def merge_splits_kernel(  # type: ignore[no-untyped-def]
        pairs_ptr,  # (S, N)
        doubt_ptr,
        index_ptr,
        order_ptr,
        count_ptr,
        N,
        splits,
        BLOCK_N: tl.constexpr,
        CERTIFY: tl.constexpr,
    ):
        """The best of all splits; where CERTIFY also a list of the vectors that are not certain."""
        rn = tl.program_id(0).to(tl.int64) * BLOCK_N + tl.arange(0, BLOCK_N)
        inside = rn < N
        best = tl.load(pairs_ptr + rn, mask=inside, other=0)
        doubt = tl.full((BLOCK_N,), float("inf"), tl.float32)
        at = rn
        for _ in range(splits):
            best = tl.minimum(best, tl.load(pairs_ptr + at, mask=inside, other=0))
            if CERTIFY:
                doubt = tl.minimum(doubt, tl.load(doubt_ptr + at, mask=inside, other=0.0))
            at += N
        tl.store(index_ptr + rn, best & 0x7FFFFFFF, mask=inside)
        if CERTIFY:
            bits = (best >> 32).to(tl.int32)
            score = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).to(tl.float32, bitcast=True)
            unsure = (inside & (doubt <= score)).to(tl.int64)
            # any order of the list gives the same answer
            place = tl.atomic_add(count_ptr, tl.sum(unsure, axis=0)) + tl.cumsum(unsure, axis=0) - 1
            tl.store(order_ptr + place, rn, mask=unsure > 0)
