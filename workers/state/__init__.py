"""The item state: the fold that joins events into it, and the projection from it to what an item shows. No I/O."""
