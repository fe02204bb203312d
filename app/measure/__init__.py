"""Room `measure`: did complaints fall because of a process change?

In: counts per day, denominators, recorded changes. Out: exposures, registrations, measurements (verdicts with an
interval, a date and reasons). No other room is imported; nothing here calls a network or a model.
"""
