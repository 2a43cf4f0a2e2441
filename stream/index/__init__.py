"""The index worker: its process, and the worker that gives item records to the writer of every collection.

The writers are in `stream.writers`, the HTTP API that the process serves is in `stream.api`.
"""
