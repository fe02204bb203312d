"""Routing: which themes somebody must act on, who that is, by when, and why.

In: themes with their complaint mentions, the rulebook. Out: rows of ``routings``; the act room opens items from them.
Never in here: changing themes, opening items, reaching owners, models, HTTP.
"""
