"""The channels room: one file per way to reach an owner. Network yes, database no."""
