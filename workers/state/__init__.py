"""The item state: the fold that joins events into it, and the projection to what an item shows.

It is kept in `stream.items`.
"""
