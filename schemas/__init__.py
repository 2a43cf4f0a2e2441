"""The contracts between the stages: events, item state, points, queries, errors.

Whatever opens a file or a connection is in `workers` or `stream`.
"""
