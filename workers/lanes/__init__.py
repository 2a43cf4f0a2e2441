"""The priority queues through which item records reach an index. What a write says to Qdrant is in `workers.index`."""
