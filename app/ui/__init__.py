"""The web pages for process owners: rendered here, with the same commands and queries as the REST edge. No rules."""
