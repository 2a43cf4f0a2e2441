"""The wiring: Kafka, Faust, the worker processes, the HTTP API and the command.

The fold, the plan and the search are in `workers`.
"""
