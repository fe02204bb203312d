"""Reference data: journey stages, processes, steps, owners, calendars, topics, rules and the policy.

In: one YAML document (``apply``) that a person wrote. Out: rows of the reference tables, and answers to who owns a
step at an instant and when an owner works. Never in here: customers' words, themes, action items, HTTP.
"""
