"""Compares the index with the item state, and mends it, beside live traffic and in bounded memory."""
