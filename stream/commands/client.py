"""The HTTP API as the commands see it."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from schemas.errors import FreshlineError, Unavailable
from stream.commands.exits import WrongUsage

TIMEOUT_SECONDS = 60.0
"""Longer than any wait that the API grants."""


class NotFound(FreshlineError):
    """The API knows of no such thing."""


class Client:
    """Asks a running stack."""

    def __init__(self, api: str) -> None:
        self.api = api.rstrip("/")
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)

    def get(self, path: str, **parameters: object) -> Any:
        """The JSON answer; parameters that are None are left out.

        Raises WrongUsage for a wrong parameter, NotFound, Unavailable, or FreshlineError for any other refusal.
        """
        return self._ask("GET", path, parameters)

    def post(self, path: str, **parameters: object) -> Any:
        """Asks for something to be done, with the parameters in the query. Answers and raises as `get`."""
        return self._ask("POST", path, parameters)

    def metrics(self) -> str:
        """The page of Prometheus. Raises as `get`."""
        return self._answer("GET", "/metrics", {}).text

    def _ask(self, method: str, path: str, parameters: dict[str, object]) -> Any:
        return _parsed(self._answer(method, path, parameters))

    def _answer(self, method: str, path: str, parameters: dict[str, object]) -> httpx.Response:
        given = {name: str(value) for name, value in parameters.items() if value is not None}
        try:
            answer = self._http.request(method, self.api + path, params=given)
        except httpx.HTTPError as error:
            raise Unavailable(f"nothing answers at {self.api} ({error}): is `freshline up` running there?") from None
        except (httpx.InvalidURL, ValueError) as error:
            raise WrongUsage(f"{self.api} is no address of an API: {error}") from None
        if not answer.is_success:
            raise _refusal(answer)
        return answer


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
    kinds = {404: NotFound, 422: WrongUsage, 503: Unavailable}
    return kinds.get(answer.status_code, FreshlineError)(message)
