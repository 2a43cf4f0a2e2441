"""Random bytes along the whole path of an event. `make fuzz` goes on for MINUTES, `make test` takes a short form."""
