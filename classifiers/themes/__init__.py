"""Recurring problems among texts: clusters, their names and their most central texts.

Comes in: vectors and texts of one topic. Goes out: groups with readable names. Stays out: identity over time.
"""
