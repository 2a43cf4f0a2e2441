"""Dead letters over HTTP: browsed by topic and reason, edited and sent back. The sending is in `stream.replay`."""
