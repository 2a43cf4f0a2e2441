"""Whole stacks, started as a person starts them, and the commands against them."""
