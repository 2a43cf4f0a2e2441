"""The wiring: Faust apps, topics, acks, dead letters, progress, commands, API."""
