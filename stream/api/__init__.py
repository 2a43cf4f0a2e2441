"""The HTTP API: its routes, the services that answer them, the server and the client of the commands."""
