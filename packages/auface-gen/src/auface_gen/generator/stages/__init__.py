"""What each stage of the generator's training does in one step: alignment, masked tokens, and
fine-tuning against a detector.
"""
