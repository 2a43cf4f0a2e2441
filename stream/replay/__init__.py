"""Replay: records of a topic, or its dead letters, are sent once more."""
