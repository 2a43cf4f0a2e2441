"""Which prices a search compares and shows: of which moment, sellers and currency. Due prices are in `state`."""
