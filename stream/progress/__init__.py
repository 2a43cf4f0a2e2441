"""The progress of each worker: reports on the topic `progress`, the searchable watermark, lag and freshness.

The answer of /status is in `stream.api`.
"""
