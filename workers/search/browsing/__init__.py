"""Pages of a search without a query: all items that pass its filters. A search by words is in `searcher`."""
