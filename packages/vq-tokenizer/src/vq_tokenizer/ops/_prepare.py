"""What every implementation of the search does to the codebook first, and to torch's products.

Shapes: K codes, D width.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["first_equal", "ieee_products", "prepare_codes"]


def prepare_codes(
    codes: Tensor, metric: str, *, centre: bool = True
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Codes as the search wants them: (codes (K, D), half squared lengths (K,), shift (D,) | None).

    Euclidean: codes and vectors alike are shifted towards the origin, which changes no distance and
    keeps float32 from cancelling when everything lies far off. The shift is the codebook's mean
    on a grid as coarse as the codes are spread, so subtracting it does not round where the data
    lie on a grid themselves, and ties stay ties; near the origin it is zero. Cosine: unit
    length and no half lengths. Codes with a NaN or an infinity, or too long
    for a finite square, get an infinite half length, so they lose.
    """
    free = codes.device.type == "cpu"  # to look at values; a GPU would be waited for
    square = codes.square().sum(1)
    bad = ~square.isfinite()
    if not free or bool(bad.any()):
        # to the middle of the others, where they neither move the mean nor widen the spread
        codes = codes.masked_fill(bad[:, None], 0)
        middle = codes.sum(0) / (~bad).sum().clamp_min(1)
        codes = torch.where(bad[:, None], middle, codes)
    if metric == "cosine":
        codes = torch.nn.functional.normalize(codes, dim=1)
        return codes, codes.new_zeros(codes.shape[0]).masked_fill(bad, torch.inf), None
    shift = None
    if centre:
        mean = codes.mean(0)
        spread = torch.maximum(codes.amax(0) - mean, mean - codes.amin(0)).amax()
        grid = torch.exp2(spread.clamp_min(1e-30).log2().floor())
        shift = ((mean / grid).round() * grid).nan_to_num(0.0, 0.0, 0.0)
        if free and not bool(shift.any()):
            shift = None  # near the origin
        else:
            codes = codes - shift
            square = codes.square().sum(1)
    return codes, (square * 0.5).masked_fill(bad, torch.inf), shift


def first_equal(codes: Tensor) -> Tensor | None:
    """Find for each code the first one equal to it, (K,) int64, or None where all differ.

    Libraries sum the last columns of a product in another order than the others, so equal codes
    can score differently in the last bit, and the lowest index would not always win.
    """
    bits = (codes + 0.0).view(torch.int64 if codes.dtype == torch.float64 else torch.int32)
    random = torch.Generator().manual_seed(0)
    weight = torch.randint(-(1 << 62), 1 << 62, codes.shape[1:], generator=random) | 1
    key = (bits * weight.to(codes.device)).sum(1)  # integers: the order of adding is all one
    if key.device.type == "cpu":  # numpy's sort is vectorised, and nearly always all differ
        ordered = np.sort(key.numpy())
        if bool((ordered[1:] != ordered[:-1]).all()):
            return None
    key, order = key.sort(stable=True)
    near, after = order[:-1], order[1:]
    same = (key[1:] == key[:-1]) & (codes[near] == codes[after]).all(1)
    if not bool(same.any()):
        return None
    start = torch.arange(len(order), device=codes.device)
    start[1:] = torch.where(same, 0, start[1:])
    first = torch.empty_like(order)
    first[order] = order[start.cummax(0).values]
    return first


@contextlib.contextmanager
def ieee_products(device: torch.device) -> Iterator[None]:
    """float32 products in float32, whatever torch.set_float32_matmul_precision and the like say.

    "medium" there means bf16 on CPUs that have matrix units, and TF32 on GPUs. The setting
    is the process's, so it is put back.
    """
    backend = torch.backends.mkldnn if device.type == "cpu" else torch.backends.cuda
    setting: Any = getattr(backend, "matmul", None)
    if hasattr(setting, "fp32_precision"):  # torch 2.9
        was = setting.fp32_precision
        if was in ("ieee", "none"):
            yield
            return
        setting.fp32_precision = "ieee"
        try:
            yield
        finally:
            setting.fp32_precision = "none"  # so that a setting for all operators rules again
            if setting.fp32_precision != was:
                setting.fp32_precision = was
        return
    legacy = torch.get_float32_matmul_precision()
    if legacy == "highest":
        yield
        return
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(legacy)
