"""Kafka as Freshline uses it: topics, offsets, headers, readers and producers. Faust is in `stream.agents`."""
