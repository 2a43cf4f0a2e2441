"""Which prices a search compares and shows: of which moment, which sellers and which currency.

How an item gets its prices is in `workers.state`.
"""
