"""The quantizers: modules over the operators in `vq_tokenizer.ops`."""
