"""Everything that knows Faust: the app, its agents, and the consumer whose commits the offset tracker decides."""
