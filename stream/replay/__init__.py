"""Replay: records of a topic, or its dead letters, are sent once more. The command line is in `stream.commands`."""
