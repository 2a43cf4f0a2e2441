"""What every process needs: settings, start and end, memory, watchdog, metrics. Nothing here knows about Kafka."""
