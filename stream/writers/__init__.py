"""Writers of physical collections: the lanes, their sinks, their dead letters, the backfill, and the epoch.

The sinks are of metrics, traces, progress and the vocabulary. The lanes themselves are in `workers.lanes`.
"""
