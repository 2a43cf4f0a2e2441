"""The work of each stage of the data path and of the search, and what they share (retry, clock, pace).

Connections to Kafka are in `stream`; of its records, `workers.sources` reads the values and headers that it is given.
"""
