"""Watches and alerts on their topics: which watches are in force, what they raised.

The matching is in `workers.watches`.
"""
