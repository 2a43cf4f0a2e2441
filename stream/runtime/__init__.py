"""What every process needs: settings, start and end, watchdog, metrics, traces. It opens no connection to a broker."""
