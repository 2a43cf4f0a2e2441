"""Rebuild: a second collection is filled, checked, and then serves. The filling is done in `stream.writers`."""
