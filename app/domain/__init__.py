"""Pure rules: enums, frozen values and functions of them.

In: values only, standard library only. Out: values. Never in here: the database, HTTP, files, models, the time of day.
"""
