"""The progress of each stage: reports on the topic `progress`, the searchable watermark, lag and freshness.

The answer of /status is in `stream.api`.
"""
