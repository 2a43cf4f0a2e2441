"""Pages of a search without a query: all items that pass its filters, in one order, however many.

What a query finds is in `workers.search.retrieval`.
"""
