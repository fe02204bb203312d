"""The domain room: enums, frozen values and pure functions of the standard library. No I/O, no clock, no database."""
