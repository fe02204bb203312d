"""How a text feels and whether it reports a problem.

Comes in: pooled layers of the packaged encoder. Goes out: calibrated sentiment and complaint probabilities.
Stays out: topics, friction, training data.
"""
