"""The demo: a real catalogue, real changes, and the converters from their sources."""
