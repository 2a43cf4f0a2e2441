"""Words: a pure function from text to the terms by which search finds it, the same for items and for queries.

The terms are counted and searched in `workers.index`.
"""
