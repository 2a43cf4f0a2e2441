"""The wiring: Kafka, Faust, the worker processes, the HTTP API and the command. Decisions are in `workers`."""
