"""What every process needs: settings, start and end, watchdog, metrics. Nothing here knows about Kafka."""
