"""Text to vector: the models, the process that runs them, their threads and their caches.

Nothing here knows of an index. Whether a text is embedded is decided in `workers.point`.
"""
