"""Three years of real changes against the state that they really led to."""
