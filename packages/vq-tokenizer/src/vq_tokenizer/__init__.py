"""Vector quantization: exact fused codebook search, quantizers, and a local image tokenizer."""

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.quantizers.base import CodebookStats, Quantized, Quantizer
from vq_tokenizer.quantizers.moment import deferred, frozen
from vq_tokenizer.quantizers.product import ProductQuantizer
from vq_tokenizer.quantizers.residual import ResidualQuantizer
from vq_tokenizer.quantizers.scalar import FSQ, LFQ
from vq_tokenizer.quantizers.simvq import SimVQ
from vq_tokenizer.quantizers.vector import VectorQuantizer
from vq_tokenizer.tokenizer.checkpoint import load_checkpoint, save_checkpoint
from vq_tokenizer.tokenizer.export import export_onnx
from vq_tokenizer.tokenizer.model import Tokenizer, TokenizerConfig, TokenizerOutput
from vq_tokenizer.tokenizer.reference import ReferenceFeatures

__version__ = "0.1.0"

__all__ = [
    "FSQ",
    "LFQ",
    "CodebookStats",
    "ProductQuantizer",
    "Quantized",
    "Quantizer",
    "ReferenceFeatures",
    "ResidualQuantizer",
    "SimVQ",
    "Tokenizer",
    "TokenizerConfig",
    "TokenizerOutput",
    "VQTokenizerError",
    "VectorQuantizer",
    "deferred",
    "export_onnx",
    "frozen",
    "load_checkpoint",
    "save_checkpoint",
]
