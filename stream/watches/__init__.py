"""Watches and alerts on their topics: which watches are in force, and what they raised."""
