"""The base of every process: settings, start and end, watchdog, metrics, traces.

Connections to a broker are in `stream.kafka`.
"""
