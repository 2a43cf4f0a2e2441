"""The dashboard: one snapshot a second for all viewers together, and its page.

Lag and freshness are in `stream.progress`.
"""
