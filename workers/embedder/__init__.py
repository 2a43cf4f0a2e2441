"""Text to vector: the models, their threads and their caches.

Nothing here knows of an index: `workers.point.plan` decides whether a text is embedded.
"""
