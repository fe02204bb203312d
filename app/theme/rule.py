"""Who belongs to a theme: one rule for mentions that arrive and for those that were there when it was found."""

NEAR = 0.5
"""Cosine similarity to the nearest centroid of its topic from which a mention belongs to that theme."""
