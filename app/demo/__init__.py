"""The example company and its customers: what ``closeloop demo`` plays, and what benchmarks measure themselves on.

In: a last day and a seed. Out: a company document, feedback items, exposures and, apart from them, the truth about
each item. Everything is invented and comes from the files beside the code; nothing here is needed to run the service.
"""
