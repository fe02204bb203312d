"""Local text models, usable without the service.

Comes in: conversations, topic specifications, corrections. Goes out: mentions with calibrated judgements, themes.
Stays out: databases, HTTP, settings, clocks, anything of the package ``app``.
"""
