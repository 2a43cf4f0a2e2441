"""Requests to the API of a stack, and waits for what it reports."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from tests.support.waiting import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.waiting import Process

ANSWER_SECONDS_MAX = 10.0
LOOK_S = 0.05
PATIENCE = float(os.environ.get("PATIENCE", "1"))
"""The factor of all bounds, for a machine that is busy with other things."""
HANG_SECONDS_MAX = 900.0 * PATIENCE
"""The bound of a wait while the stack is at work, which only a stack that is never done reaches."""


class Failed(AssertionError):
    """The stack is not as it should be; the message is a sentence."""


class Quiet(NamedTuple):
    """The answer of /status once nothing waited, and the seconds until then."""

    seconds: float
    status: dict[str, Any]


def wait_for(
    true: Callable[[], object],
    what: str,
    seconds_max: float = HANG_SECONDS_MAX,
    *,
    every_s: float = LOOK_S,
    process: Process | None = None,
    said: Callable[[], str] = str,
) -> None:
    """Wait until the condition is true.

    Raises Failed when the process that is to bring it about has ended, when nothing has moved for long (see
    `tests.support.waiting`), or after `seconds_max`, which is given where the time itself is what is tested.
    """
    wait, deadline = Wait(what, process, said), time.monotonic() + seconds_max
    while not true():
        try:
            wait.check()
        except AssertionError as error:
            raise Failed(str(error)) from None
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds_max:.0f} s: {what}")
        time.sleep(every_s)


def client(url: str) -> httpx.Client:
    """Return an HTTP client of one API."""
    return httpx.Client(base_url=url, timeout=ANSWER_SECONDS_MAX, trust_env=False)


class Api:
    """An API that is asked through `http`, and does not answer at times."""

    http: httpx.Client

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Return the answer, {} for a 404. Raises httpx.HTTPError while the API is away."""
        answer = self.http.get(path, params=params)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return {}
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def indexed(self, product_id: str) -> dict[str, Any]:
        """Return the item as the index holds it; {} if the index has no such item."""
        item: dict[str, Any] = self.get(f"/items/{product_id}").get("indexed", {})
        return item

    def lag(self) -> dict[str, Any]:
        """Return where events wait, as far as the API answers."""
        try:
            lag: dict[str, Any] = self.get("/status")["lag"]
        except httpx.HTTPError as error:
            return {"unknown": repr(error)}
        return lag

    def quiet(self) -> Quiet:
        """Wait until three answers in a row say that nothing waits anywhere. Raises Failed."""
        began, calm, status = time.monotonic(), 0, dict[str, Any]()

        def is_calm() -> bool:
            nonlocal calm, status
            with contextlib.suppress(httpx.HTTPError):
                status = self.get("/status")
                calm = calm + 1 if status["lag_events"] == 0 else 0
            return calm >= 3

        wait_for(is_calm, "the stack is quiet", every_s=0.1, said=lambda: f"lag {status.get('lag')}")
        return Quiet(time.monotonic() - began, status)
