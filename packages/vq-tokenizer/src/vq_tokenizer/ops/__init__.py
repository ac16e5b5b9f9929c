"""Codebook operations: each file holds a plain reference, a Triton kernel and one operator."""

from vq_tokenizer.ops.nearest_code import nearest_code, nearest_code_reference

__all__ = ["nearest_code", "nearest_code_reference"]
