"""Which points a query finds: by words, vectors and identifiers, fused and cut off.

The order in which a page shows them is in `workers.search.order`.
"""
