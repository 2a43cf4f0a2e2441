"""The demo: a real catalogue, real changes, and the converters from their sources.

The stack it runs is in `stream.up`.
"""
