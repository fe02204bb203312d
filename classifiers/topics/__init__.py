"""Which topic a text is about: zero-shot from descriptions, better with every labelled text.

Comes in: topic specifications, vectors, labelled texts. Goes out: calibrated probabilities per topic, abstention.
Stays out: texts' storage, other judgements than the topic.
"""
