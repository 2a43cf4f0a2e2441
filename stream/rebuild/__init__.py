"""A rebuild: a second collection is filled from the item log while both take every change, checked, and then serves."""
