"""Pure maths of the verdict: a case comes in, a verdict goes out. No database, clock, files or random numbers."""
