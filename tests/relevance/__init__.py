"""The quality of search, on real judgements: `make relevance`."""
