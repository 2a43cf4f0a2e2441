"""Errors, named by what the one who meets them must do."""


class FreshlineError(Exception):
    """Any error with a sentence for a person: what happened, to which thing, what to do."""


class InvalidEvent(FreshlineError):
    """The record can never be taken: to the dead letters with this reason, never retried."""


class NotOurs(FreshlineError):
    """A record of the item state that another hand wrote: nothing is known of it, it is passed over."""


class Unavailable(FreshlineError):
    """A broker, server or disk is away for now: retry with bounded backoff."""


class Gone(Unavailable):
    """What the process works on was deleted, or replaced by another: end, and find out at the next start."""


class Conflict(FreshlineError):
    """What was asked for cannot be done as things stand: HTTP 409."""


class Misconfigured(FreshlineError):
    """The process cannot start as it is set up: one line to the person, exit 1, no traceback."""
