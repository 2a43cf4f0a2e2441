"""The HTTP API: routes over a service, no logic of its own."""
