"""The engine room: when and where stations run (DBOS on SQLite or PostgreSQL). Jobs carry keys; rows are the truth."""
