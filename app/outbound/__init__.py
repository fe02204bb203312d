"""The outbound room: the one way to addresses that somebody typed in. Network yes, database no."""
