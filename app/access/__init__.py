"""The access room: who may do what (keys, people, sessions), who did what (audit). No web framework, no room above."""
