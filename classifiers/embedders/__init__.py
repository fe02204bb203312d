"""The one encoder pass that every head reads from.

Comes in: texts. Goes out: sentence embeddings and pooled layers. Stays out: what the numbers mean.
"""
