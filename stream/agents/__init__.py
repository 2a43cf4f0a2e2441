"""Everything that knows Faust: the app, its agents, and its consumer.

What it may commit is decided in `stream.kafka`.
"""
