"""Traces: the interface that all parts record spans through, and OpenTelemetry behind it where it is installed.

The spans of events are recorded in `stream.items` and `stream.writers`.
"""
