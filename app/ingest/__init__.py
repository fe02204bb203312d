"""The ingest room: takes raw deliveries and native items, stores them exactly once, unpacks, redacts, forgets. No models, no HTTP."""
