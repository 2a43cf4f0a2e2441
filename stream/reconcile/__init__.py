"""Reconcile: reads index and item log beside live traffic, and repairs. The comparison is in `workers.compare`."""
