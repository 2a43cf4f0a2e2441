"""The client of the HTTP API, for the commands."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from schemas.errors import FreshlineError, NotFound, RefusedRequest, Unavailable, WrongUsage
from schemas.queries import WAIT_MS, WAIT_MS_MAX

ANSWER_SECONDS_MAX = 10.0
"""How long the API may take to answer, besides the time that the request asks it to wait."""
CHANGE_SECONDS_MAX = 60.0
_REFUSALS: dict[int, type[FreshlineError]] = {
    NotFound.http_status: NotFound,
    RefusedRequest.http_status: WrongUsage,
    Unavailable.http_status: Unavailable,
}
"""By HTTP status: the error of the command. A parameter that the API refuses came from the command line."""


class Client:
    """Sends requests to a running stack; a context manager, which closes the connection."""

    def __init__(self, api: str, answer_seconds_max: float = ANSWER_SECONDS_MAX) -> None:
        """`answer_seconds_max` bounds an answer, besides the time that the request asks the API to wait."""
        self.api = api.rstrip("/")
        self._answer_seconds_max = answer_seconds_max
        self._http = httpx.Client(trust_env=False)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, **parameters: object) -> Any:
        """Return the JSON answer; parameters that are None are left out.

        Raises WrongUsage for a wrong parameter, NotFound, Unavailable, or FreshlineError for any other refusal.
        """
        return _parsed(self._answer("GET", path, parameters))

    def post(self, path: str, **parameters: object) -> Any:
        """Ask for something to be done, with the parameters in the query. Returns and raises as `get` does."""
        return _parsed(self._answer("POST", path, parameters))

    def change(self, path: str) -> Any:
        """Ask for a change of a whole index, which may take a minute. Returns and raises as `get` does."""
        return _parsed(self._answer("POST", path, {}, CHANGE_SECONDS_MAX))

    def metrics(self) -> str:
        """Return the metrics in the text format of Prometheus. Raises as `get` does."""
        return self._answer("GET", "/metrics", {}).text

    def _answer(
        self, method: str, path: str, parameters: dict[str, object], seconds_max: float | None = None
    ) -> httpx.Response:
        given = {name: str(value) for name, value in parameters.items() if value is not None}
        seconds = (self._answer_seconds_max if seconds_max is None else seconds_max) + _wait_seconds(given)
        try:
            answer = self._http.request(method, self.api + path, params=given, timeout=seconds)
        except httpx.TimeoutException:
            raise Unavailable(
                f"{self.api} does not answer within {seconds:.0f} s: the index worker hangs, or its machine is "
                "overloaded; see the output of `freshline up`"
            ) from None
        except httpx.HTTPError as error:
            raise Unavailable(f"nothing answers at {self.api} ({error}): is `freshline up` running there?") from None
        except UnicodeEncodeError as error:
            raise WrongUsage(f"{error.object!r} is not UTF-8 text") from None
        except (httpx.InvalidURL, ValueError) as error:
            raise WrongUsage(f"{self.api} is no address of an API: {error}") from None
        if not answer.is_success:
            raise _refusal(answer)
        return answer


def _wait_seconds(given: dict[str, str]) -> float:
    """Return how long the API is asked to wait. It refuses a wait that is no number."""
    wait_ms = given.get("wait_ms", "")
    return min(int(wait_ms) if wait_ms.isdecimal() else WAIT_MS, WAIT_MS_MAX) / 1000 if "after" in given else 0.0


def _parsed(answer: httpx.Response) -> Any:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        raise FreshlineError(f"{answer.url} is not Freshline: its answer is no JSON") from None


def _refusal(answer: httpx.Response) -> FreshlineError:
    try:
        message = str(orjson.loads(answer.content)["error"]["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return FreshlineError(f"{answer.url} answers HTTP {answer.status_code}: is Freshline running there?")
    return _REFUSALS.get(answer.status_code, FreshlineError)(message)
