"""Vector quantization: exact fused codebook search, quantizers, and a local image tokenizer."""

from vq_tokenizer.checkpoint import load_checkpoint, save_checkpoint
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.model import Tokenizer, TokenizerConfig, TokenizerOutput
from vq_tokenizer.quantizer import CodebookStats, Quantized, VectorQuantizer

__version__ = "0.1.0"

__all__ = [
    "CodebookStats",
    "Quantized",
    "Tokenizer",
    "TokenizerConfig",
    "TokenizerOutput",
    "VQTokenizerError",
    "VectorQuantizer",
    "load_checkpoint",
    "save_checkpoint",
]
