"""What a shop says about the order of hits beyond how well they match: the weights of items, and rules."""
