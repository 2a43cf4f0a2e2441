"""A query to ranked hits: retrievers, fusion and the rendering of a hit. HTTP is in `stream.api`."""
