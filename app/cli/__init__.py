"""The command line: parses, calls the same commands and queries as the web, prints. Prose to stderr, data to stdout."""
