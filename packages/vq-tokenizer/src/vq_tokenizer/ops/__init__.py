"""Codebook operations: each file holds a plain reference, a Triton kernel and one operator."""

from vq_tokenizer.ops.code_stats import code_stats, code_stats_reference
from vq_tokenizer.ops.ema_update import draw_rows, ema_update, ema_update_reference
from vq_tokenizer.ops.lookup import lookup, lookup_with_error, rotation_backward_reference
from vq_tokenizer.ops.nearest_code import nearest_code, nearest_code_reference

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
]
