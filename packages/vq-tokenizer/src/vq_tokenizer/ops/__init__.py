"""Codebook operations: each private file holds a plain reference, a Triton kernel, one operator."""

from vq_tokenizer.ops._code_stats import code_stats, code_stats_reference
from vq_tokenizer.ops._draw_rows import draw_rows
from vq_tokenizer.ops._ema_update import ema_update, ema_update_reference
from vq_tokenizer.ops._lookup import lookup, lookup_with_error
from vq_tokenizer.ops._lookup_reference import rotation_backward_reference
from vq_tokenizer.ops._nearest_code import nearest_code, nearest_code_reference
from vq_tokenizer.ops._sample_code import sample_code

__all__ = [
    "code_stats",
    "code_stats_reference",
    "draw_rows",
    "ema_update",
    "ema_update_reference",
    "lookup",
    "lookup_with_error",
    "nearest_code",
    "nearest_code_reference",
    "rotation_backward_reference",
    "sample_code",
]
