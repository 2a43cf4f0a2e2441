"""Pure comparisons with the item state, of a feed and of the index. `stream.sync` and `stream.reconcile` do the I/O."""
