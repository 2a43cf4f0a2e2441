"""Dead letters over HTTP: browsed by topic and reason, edited and sent back as `replay --repaired` sends them."""
