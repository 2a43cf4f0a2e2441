"""Recommendations over HTTP: items similar to one item, and items for a shopper."""
