"""Makes the shipped weights from sets whose licence allows it.

Comes in: a folder with one folder per set. Goes out: weight files of the heads. Stays out: what a service does with
them.
"""
