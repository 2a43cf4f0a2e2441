"""The index in this process, on Qdrant Edge; one process at a time can open a shard.

A server's is in `workers.index.server`.
"""
