"""The image tokenizer, its checkpoints and its export."""
