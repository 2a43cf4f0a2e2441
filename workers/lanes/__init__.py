"""The lanes to an index: priority queues, pending embeddings, sale windows, pending alerts, and their events.

What must be written is decided in `workers.point`.
"""
