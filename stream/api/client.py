"""The HTTP API as the commands see it."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from schemas.errors import FreshlineError, NotFound, Unavailable, WrongUsage
from schemas.queries import WAIT_MS, WAIT_MS_MAX

ANSWER_SECONDS_MAX = 10.0
"""Besides what a question itself asks to wait for."""
CHANGE_SECONDS_MAX = 60.0


class Client:
    """Asks a running stack."""

    def __init__(self, api: str) -> None:
        self.api = api.rstrip("/")
        self._http = httpx.Client(trust_env=False)

    def get(self, path: str, **parameters: object) -> Any:
        """The JSON answer; parameters that are None are left out.

        Raises WrongUsage for a wrong parameter, NotFound, Unavailable, or FreshlineError for any other refusal.
        """
        return _parsed(self._answer("GET", path, parameters))

    def post(self, path: str, **parameters: object) -> Any:
        """Asks for something to be done, with the parameters in the query. Answers and raises as `get`."""
        return _parsed(self._answer("POST", path, parameters))

    def change(self, path: str) -> Any:
        """Asks for a change of an index as a whole, which takes its time. Answers and raises as `get`."""
        return _parsed(self._answer("POST", path, {}, CHANGE_SECONDS_MAX))

    def metrics(self) -> str:
        """The page of Prometheus. Raises as `get`."""
        return self._answer("GET", "/metrics", {}).text

    def _answer(
        self, method: str, path: str, parameters: dict[str, object], seconds_max: float = ANSWER_SECONDS_MAX
    ) -> httpx.Response:
        given = {name: str(value) for name, value in parameters.items() if value is not None}
        seconds = seconds_max + _waits_seconds(given)
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


def _waits_seconds(given: dict[str, str]) -> float:
    """As long as the API is asked to wait; it refuses what is no number."""
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
    kinds = {404: NotFound, 422: WrongUsage, 503: Unavailable}
    return kinds.get(answer.status_code, FreshlineError)(message)
