"""Reconcile: the index is compared with the item state and repaired, beside live traffic and in bounded memory."""
