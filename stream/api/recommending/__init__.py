"""Recommendations over HTTP: items similar to one item, and items for a shopper.

The ranking is in `workers.recommend`.
"""
