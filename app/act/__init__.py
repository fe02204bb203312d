"""The act room: action items, their life cycle, escalation, notices. Routings come in; knows no room beside it."""
