"""Answers why: the life of a product from the log, and why a query finds an item or does not."""
