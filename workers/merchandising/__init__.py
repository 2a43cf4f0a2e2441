"""The order of hits beyond how well they match: weights of items, and rules. They are applied in `workers.search`."""
