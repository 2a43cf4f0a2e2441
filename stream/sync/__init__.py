"""Sync: reads a full feed and publishes what differs from the item state. The comparison is in `workers.compare`."""
