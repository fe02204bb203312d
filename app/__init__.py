"""Closeloop, the service: rooms that turn feedback into process fixes and measure whether the fixes worked."""
