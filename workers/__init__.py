"""The work of each stage of the data path, and what stages share (retry, clock, pace). It knows nothing of Kafka."""
