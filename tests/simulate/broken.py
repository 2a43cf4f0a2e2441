"""The error that ends a run whose product is wrong."""


class Broken(AssertionError):
    """An invariant does not hold."""
