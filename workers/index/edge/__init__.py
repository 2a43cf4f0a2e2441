"""The index in this process, on Qdrant Edge. A shard can be opened by one process at a time."""
