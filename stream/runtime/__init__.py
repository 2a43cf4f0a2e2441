"""What every process needs: settings, start and end, watchdog, metrics, traces.

Connections to a broker are in `stream.kafka`.
"""
