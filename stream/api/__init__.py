"""The HTTP API: routes, models and errors, and the client of commands. What it answers with is behind `Service`."""
