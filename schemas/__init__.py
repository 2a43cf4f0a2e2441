"""The contracts between the stages: events, item state, points, queries, errors. No I/O, no framework."""
