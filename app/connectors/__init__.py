"""The connectors room: one file per survey, ticket, review or call tool; parses raw payloads into native items. Pure: no database, no network."""
