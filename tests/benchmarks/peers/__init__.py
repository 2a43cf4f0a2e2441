"""Freshline beside what a user would pick instead: the same events, broker, model and index, in one run.

Each peer is a process of its own, in a module that follows the documentation of its library. Nothing here
is part of the product.
"""
