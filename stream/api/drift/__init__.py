"""Drift: the index is compared with the item log by itself, one partition after the other."""
