"""The act room: action items, their life cycle, escalation and notices to owners. Opens items from routings; knows no room beside it."""
