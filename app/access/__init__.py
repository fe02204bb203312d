"""The access room: who may do what (keys, sessions, scopes) and who did what (audit). Knows no HTTP, no room above."""
