"""The point of an item: its payload, and the plan that says what must be written to the index. No I/O."""
