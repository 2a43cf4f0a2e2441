"""The items worker: input events are folded into item state and published to the item log.

The fold is in `workers.state`, the consumer in `stream.agents`.
"""
