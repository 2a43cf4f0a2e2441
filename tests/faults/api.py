"""Requests to the API of a stack, and waits for what it reports."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER_SECONDS_MAX = 10.0
LOOK_S = 0.05
PATIENCE = float(os.environ.get("PATIENCE", "1"))
"""The factor of all bounds of waits, for a machine that is busy with other things."""


class Failed(AssertionError):
    """The stack is not as it should be; the message is a sentence."""


class Quiet(NamedTuple):
    """The answer of /status once nothing waited, and the seconds until then."""

    seconds: float
    status: dict[str, Any]


def wait_for(true: Callable[[], object], what: str, seconds_max: float = 60.0, every_s: float = LOOK_S) -> None:
    """Wait until the condition is true. Raises Failed when it does not become true in time."""
    seconds_max *= PATIENCE
    deadline = time.monotonic() + seconds_max
    while not true():
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

    def quiet(self, seconds_max: float) -> Quiet:
        """Wait until three answers in a row say that nothing waits anywhere. Raises Failed."""
        began, calm, said = time.monotonic(), 0, dict[str, Any]()
        seconds_max *= PATIENCE
        deadline = began + seconds_max
        while calm < 3:
            with contextlib.suppress(httpx.HTTPError):
                said = self.get("/status")
                calm = calm + 1 if said["lag_events"] == 0 else 0
            if time.monotonic() > deadline:
                raise Failed(f"not quiet within {seconds_max:.0f} s: lag {said.get('lag')}")
            time.sleep(0.1)
        return Quiet(time.monotonic() - began, said)
