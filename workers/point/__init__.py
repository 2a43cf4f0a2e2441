"""The point of an item: its payload, and the plan that says what must be written. The write is in `workers.lanes`."""
