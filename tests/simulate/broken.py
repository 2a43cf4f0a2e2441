"""What a run ends with whose product is wrong."""


class Broken(AssertionError):
    """An invariant does not hold."""
