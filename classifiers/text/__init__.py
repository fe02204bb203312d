"""Text in: which words are the customer's, where sentences and clauses lie, what has content at all.

Comes in: turns and questions. Goes out: spans with exact character offsets and text cleaned for a model.
Stays out: models and numbers.
"""
