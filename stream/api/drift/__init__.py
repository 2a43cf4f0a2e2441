"""Drift: the index is compared with the item log all the time, a partition after the other, for the dashboard."""
