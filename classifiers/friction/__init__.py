"""Which of the five kinds of friction a complaint tells of, if any.

Comes in: vectors. Goes out: one friction with its confidence, or abstention. Stays out: topics and sentiment.
"""
