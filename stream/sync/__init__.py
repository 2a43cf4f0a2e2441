"""Sync: a full feed is compared with the item state, and the difference is published."""
