"""Training and measuring a tokenizer."""
