"""The model of 0.1.0: a reader takes numbers from clauses, and the numbers drive the transformer.

Kept while its weights are the ones that ship.
"""
