"""Recommendations: the items near to those that somebody likes.

Their diversity is in `workers.search`, HTTP in `stream.api`.
"""
