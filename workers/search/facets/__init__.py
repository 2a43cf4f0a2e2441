"""The values of found items, read and counted as refinements, without the filter of their own field.

The order of the items is in `workers.search.order`.
"""
