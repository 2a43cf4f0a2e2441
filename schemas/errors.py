"""Every error of Freshline, and what follows from each.

    error                   means                                       HTTP  exit     what its reader does
    Exception               a bug                                       500   1        dead letter in a pure stage
    +- FreshlineError       a sentence for a person                     500   1        crash
       +- InvalidEvent      the record can never be folded              -     1        dead letter, never retried
       |  +- InvalidFeedLine    a line can be no part of a feed         -     1        nothing of the feed is sent
       +- InvalidRule       a rule that cannot be in force              -     1        it is refused, the others stay
       +- InvalidStateLine  a line is not one of an export or journal   -     1        nothing is imported
       +- ForeignRecord     an item record that is not Freshline's      -     1        pass over it; reconcile repairs
       +- EmbeddingFailed   this text cannot be embedded                -     1        dead letter after three attempts
       +- EmbedderHangs     the model does not come back                -     1        crash, and be started again
       +- Stalled           a worker has work and nothing moves         -     1        crash, and be started again
       +- Unavailable       a broker, server or disk is away            503   1        retry with bounded backoff
       |  +- Gone           the collection was deleted or replaced      503   1        crash; the next start finds out
       +- RefusedRequest    a parameter of a request is wrong           422   2        change the parameter it names
       +- Unauthorized      the request has no key that is known        401   1        send a key
       +- NotFound          the API knows of no such thing              404   1        ask for another
       +- Conflict          it cannot be done as things stand           409   1        wait, or do something else first
       +- Misconfigured     the process cannot start as it is set up    -     1 (78)   change the setting that it names
       +- TooManyGone       a feed lacks so much that it may be broken  -     1        check the feed, or use --force
       +- WrongUsage        the command line asks for the impossible    -     2        change the command line
       +- Interrupted       a person ended the command                  -     130      nothing

"exit" is the exit code of a command. A worker process that is Misconfigured ends with 78 (EX_CONFIG of sysexits.h) and
its reason as the last line, so that `up` does not start it again and again. The codes are attributes of the classes:
`stream.api.error_answers`, `stream.client`, `stream.commands` and `stream.runtime.process` read them there.

An error that is caught in the folder that raises it is declared there and is not in the table: to everybody else it is
the error that it becomes, or that it derives from.
"""

from __future__ import annotations

from typing import ClassVar


class FreshlineError(Exception):
    """Any error with a sentence for a person: what happened, to which thing, what to do."""

    http_status: ClassVar[int] = 500
    """The status of an HTTP answer to a request that ends with this error."""
    exit_code: ClassVar[int] = 1
    """The exit code of a command that ends with this error."""
    worker_exit_code: ClassVar[int] = 1
    """The exit code of a worker process that ends with this error."""


class InvalidEvent(FreshlineError):
    """The record can never be folded. It goes to the dead letters with this reason and is never retried."""

    def __init__(self, reason: str) -> None:
        """Names and ids that a reason quotes may have ends of lines in them. The reason is one line all the same."""
        super().__init__(" ".join(reason.splitlines()))


class InvalidFeedLine(InvalidEvent):
    """The line cannot be part of a feed. Nothing of the feed is sent."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"line {number}: {reason} (nothing was sent)")


class InvalidRule(FreshlineError):
    """A line or a record is no rule that can be in force. It is refused; the others stay in force."""


class InvalidStateLine(FreshlineError):
    """The line is not one of an export or a journal."""


class ForeignRecord(FreshlineError):
    """A record of the item state that was not written by Freshline. Nothing is known of it, so it is passed over."""


class EmbeddingFailed(FreshlineError):
    """This text cannot be embedded (the model raised, or gave NaN); other texts can."""


class EmbedderHangs(FreshlineError):
    """The model has been at the same texts for too long. Only a new process can repair that."""


class Stalled(FreshlineError):
    """There is work in flight, and nothing has moved for too long."""


class Unavailable(FreshlineError):
    """A broker, server or disk is away for now. Retry with bounded backoff."""

    http_status = 503


class Gone(Unavailable):
    """The collection that the process works on was deleted or replaced. The process ends; its next start finds out."""


class RefusedRequest(FreshlineError):
    """A parameter of a request is wrong. The sentence begins with its name."""

    http_status = 422
    exit_code = 2

    def __init__(self, field: str, message: str) -> None:
        """`message` says what is wrong with the field, without its name."""
        super().__init__(f"{field}: {message}")
        self.field = field


class Unauthorized(FreshlineError):
    """The request lacks a key, or has one that the API does not know."""

    http_status = 401


class NotFound(FreshlineError):
    """The API does not know the requested thing."""

    http_status = 404


class Conflict(FreshlineError):
    """The request cannot be carried out in the present state."""

    http_status = 409


class Misconfigured(FreshlineError):
    """The process cannot start as it is set up. The person gets one line and no traceback."""

    worker_exit_code = 78


class TooManyGone(FreshlineError):
    """The feed lacks so much of what is shown that it may be broken. Nothing was sent."""


class WrongUsage(FreshlineError):
    """The command line asks for something impossible. The person has to change it."""

    exit_code = 2


class Interrupted(FreshlineError):
    """A person ended the command. The sentence says what was done, and what goes on."""

    exit_code = 130  # The exit code that shells use for Ctrl-C.
