"""The end of a command that has sent events: it waits until they are searchable, and exits by their outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import typer

from schemas.errors import FreshlineError, RefusedRequest, Unavailable
from stream.commands.current_run import bounds
from stream.commands.exits import FAILED, NOT_FRESH

if TYPE_CHECKING:
    from stream.client import Client
    from stream.kafka.send_report import SendReport
    from workers.clock import Clock

WAIT_STEP_MS = 2_000


class Waited(NamedTuple):
    """The end of a wait for events to become searchable."""

    searchable: bool
    seconds: float
    why_not: str | None = None
    """A sentence, if waiting longer would not help."""
    error: FreshlineError | None = None
    """The error if nothing answered. The command raises it once it has printed what was sent."""


def wait_searchable(client: Client, sent: SendReport, clock: Clock) -> Waited:
    """Wait until every event that was sent is searchable, for `searchable_seconds_max` at most.

    Where waiting longer cannot help, the reason is printed on stderr.
    """
    from stream.commands.waiting import wait_out
    from stream.runtime.printing import say

    began_s, waiting, seconds_max = clock.monotonic_s(), sent.tokens, bounds().searchable_seconds_max

    def first_is_searchable() -> bool:
        return client.progress(after=str(waiting[0]), wait_ms=WAIT_STEP_MS).searchable

    def given_up(why: str) -> Waited:
        say(why)
        return Waited(False, clock.monotonic_s() - began_s, why)

    while waiting and clock.monotonic_s() - began_s < seconds_max:
        try:
            searchable = wait_out(first_is_searchable)
        except RefusedRequest as error:
            # The API refuses a token of its own log only if that log was replaced meanwhile.
            return given_up(str(error))
        except FreshlineError as error:
            return Waited(False, clock.monotonic_s() - began_s, str(error), error)
        if searchable:
            waiting.pop(0)
        elif failing := _failing(client):
            return given_up("; ".join(failing))
    return Waited(not waiting, clock.monotonic_s() - began_s)


def _failing(client: Client) -> list[str]:
    """Return the processes that `up` cannot keep running. It is empty, too, while the index is away: that may come
    back."""
    try:
        return client.status().failing
    except Unavailable:
        return []


def wait_in_words(waited: Waited | None) -> str:
    """Return the end of a sentence about what was sent; empty if nothing was waited for."""
    if waited is None:
        return ""
    return f", {'all' if waited.searchable else 'not all'} searchable after {waited.seconds:.1f} s"


def wait_fields(waited: Waited | None) -> dict[str, object]:
    """Return the fields of a JSON result; they are None if nothing was waited for."""
    if waited is None:
        return {"searchable": None, "waited_seconds": None, "why_not": None}
    return {
        "searchable": waited.searchable,
        "waited_seconds": round(waited.seconds, 3),
        "why_not": waited.why_not,
    }


def sent_in_brief(sent: SendReport) -> str:
    """Return the counts so far in a few words."""
    failed = f", {sent.failed:,} not confirmed" if sent.failed else ""
    return f"{sent.confirmed:,} sent and confirmed{failed}"


def end_with(sent: SendReport, waited: Waited | None) -> None:
    """Raise the error that the command ends with, once it has printed its report; return if all is well."""
    from stream.runtime.printing import say

    for sentence in (sent.stopped, sent.lost_log):
        if sentence:
            say(sentence)
    if waited and waited.error:
        raise waited.error
    if sent.invalid or sent.failed or sent.stopped or sent.lost_log:
        raise typer.Exit(FAILED)
    if waited and not waited.searchable:
        raise typer.Exit(NOT_FRESH)
