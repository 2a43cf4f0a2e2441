"""Text to vector: the models, their threads and their caches. Nothing here knows of an index."""
