"""A query to the page that answers it: its understanding, its retrieval, the order, counts and prices, and the hits.

Which points are found is in `workers.search.retrieval`, and what becomes of a query without words in
`workers.search.browsing`. HTTP is in `stream.api`.
"""
