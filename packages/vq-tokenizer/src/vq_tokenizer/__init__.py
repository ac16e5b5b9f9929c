"""Vector quantization: exact fused codebook search, quantizers, and a local image tokenizer."""

from vq_tokenizer.checkpoint import load_checkpoint, save_checkpoint
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.export import export_onnx
from vq_tokenizer.model import Tokenizer, TokenizerConfig, TokenizerOutput
from vq_tokenizer.quantizer import CodebookStats, Quantized, VectorQuantizer
from vq_tokenizer.residual import ResidualQuantizer
from vq_tokenizer.scalar import FSQ, LFQ

__version__ = "0.1.0"

__all__ = [
    "FSQ",
    "LFQ",
    "CodebookStats",
    "Quantized",
    "ResidualQuantizer",
    "Tokenizer",
    "TokenizerConfig",
    "TokenizerOutput",
    "VQTokenizerError",
    "VectorQuantizer",
    "export_onnx",
    "load_checkpoint",
    "save_checkpoint",
]
