"""One migration history for SQLite and PostgreSQL. A migration imports nothing from `app` and is never edited."""
