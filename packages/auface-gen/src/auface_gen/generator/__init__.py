"""The model that draws a face from words: text encoder, transformer, sampling, training."""
