"""The writers that keep each physical collection up to date: lanes, pending embeddings, backfill, positions."""
