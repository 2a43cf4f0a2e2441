"""Pure comparisons with the item state, of a feed and of the index.

The reading and the sending are in `stream.sync` and `stream.reconcile`.
"""
