"""Answers why: the life of a product from the log, and why a query finds an item. Verdicts are in `workers.state`."""
