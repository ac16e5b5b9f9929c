"""auface_cli: the command `auface`, thin over facs_text, vq_tokenizer, auface_gen and aaad."""

__all__: list[str] = []
__version__ = "0.1.0"
