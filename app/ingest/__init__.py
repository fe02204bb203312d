"""Takes raw deliveries, native items and files; stores each utterance exactly once; unpacks, redacts, forgets.

In: native items (connectors' contract), raw deliveries, rows of files. Out: feedback that is pending for the next
room. Never in here: models, HTTP, topics, owners.
"""
