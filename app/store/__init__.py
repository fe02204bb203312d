"""The store room: tables, sessions, migrations and read-only queries by noun. No rules, no writes but by sessions."""
