"""The REST edge: one resource per file. Translates HTTP to commands and queries, errors to problem documents; holds no rules."""
