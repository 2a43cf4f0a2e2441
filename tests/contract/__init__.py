"""One suite of tests for each interface, over fakes and real things: brokers, index backends, models."""
