"""The model that draws a face from words: reader, transformer, sampling, training."""
