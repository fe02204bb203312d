"""The REST edge: one resource per file. Turns HTTP into commands and queries, errors into problem documents."""
