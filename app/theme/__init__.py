"""The theme room: recurring problems inside topics, with a lasting identity.

Comes in: complaint mentions with vectors. Goes out: themes, which mention belongs to which, their lineage.
Stays out: reading texts, routing, HTTP.
"""
