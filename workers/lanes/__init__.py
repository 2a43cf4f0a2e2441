"""The lanes to an index: queues by priority, pending embeddings and sale windows, and the events they emit."""
