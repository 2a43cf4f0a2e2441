"""Debezium itself against a running stack, where its engine and PostgreSQL are installed."""
