"""How well search finds, on real judgements: `make relevance`."""
