"""The index on a Qdrant server, through qdrant-client. The embedded index is in `workers.index.edge`."""
