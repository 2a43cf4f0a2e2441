"""The items worker: input events are folded into item state and published to the item log."""
