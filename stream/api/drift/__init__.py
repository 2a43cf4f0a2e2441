"""Drift: the index is compared with the item log, a partition after the other, all the time.

The comparison is in `workers.compare`.
"""
