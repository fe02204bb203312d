"""What a text tells beyond topic and sentiment: friction, urgency, whether an answer is expected, intent to escalate.

Comes in: one encoder pass. Goes out: calibrated probabilities and one kind of friction or none. Stays out: topics and
sentiment.
"""
