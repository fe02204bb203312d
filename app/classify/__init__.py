"""The classify room: turns a feedback's customer turns into mentions, and takes human corrections.

Comes in: pending feedback with its turns, corrections, topics. Goes out: mentions with vectors, labelled feedback.
Stays out: themes, routing, HTTP. The classifiers are imported inside functions, when the first text is read; the
encoder is loaded in `loading.py` alone.
"""
