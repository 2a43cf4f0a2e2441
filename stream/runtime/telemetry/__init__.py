"""Traces: the interface that all parts record spans through, and OpenTelemetry behind it where it is installed."""
