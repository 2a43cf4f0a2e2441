"""A Qdrant server for tests: qdrant-client's local mode behind the server's HTTP and gRPC APIs, with faults at will.

It answers the calls that `workers.index.server` makes, one at a time, and keeps nothing on disk. It is no faster than
local mode: some thousand points.
"""
