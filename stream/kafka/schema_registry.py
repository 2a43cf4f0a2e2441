"""A schema registry over HTTP: the schema of an id, with those that it refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from schemas.errors import InvalidEvent, Misconfigured, Unavailable
from workers.retry import Backoff, until_available
from workers.sources.confluent import registered_schema

if TYPE_CHECKING:
    from workers.sources.confluent import RegisteredSchema

ANSWER_SECONDS_MAX = 10.0
ATTEMPTS_MAX = 30
"""The attempts at one schema, with the backoff about two minutes; then the process ends, and its next start asks again.
"""
BACKOFF = Backoff(0.2, 5.0)
REFERENCES_MAX = 100


class SchemaRegistry:
    """Asks one registry."""

    def __init__(self, url: str) -> None:
        """`url` may have a user and a password, which no message repeats."""
        self._http = httpx.AsyncClient(base_url=url, timeout=ANSWER_SECONDS_MAX, trust_env=False)
        given = httpx.URL(url)
        self._name = f"the schema registry at {given.host}:{given.port or 80}"

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def schema(self, schema_id: int) -> RegisteredSchema | InvalidEvent:
        """Return a schema, or why no record with this id can be read.

        Raises Unavailable after many attempts, and Misconfigured if the registry refuses the user.
        """
        return await until_available(
            lambda: self._schema(schema_id), "schema registry away", BACKOFF, attempts_max=ATTEMPTS_MAX
        )

    async def _schema(self, schema_id: int) -> RegisteredSchema | InvalidEvent:
        try:
            answer = await self._get(f"/schemas/ids/{schema_id}")
            texts: list[str] = []
            await self._gather(answer, texts, set())
            return registered_schema(answer.get("schemaType", "AVRO"), texts)
        except InvalidEvent as error:
            return error

    async def _gather(self, answer: dict[str, Any], texts: list[str], seen: set[tuple[str, int]]) -> None:
        """Append the texts of the schemas that a schema refers to, then its own."""
        for reference in answer.get("references") or ():
            subject, version = reference["subject"], reference["version"]
            if (subject, version) in seen:
                continue
            if len(seen) >= REFERENCES_MAX:
                raise InvalidEvent(f"it refers to more than {REFERENCES_MAX} schemas")
            seen.add((subject, version))
            await self._gather(await self._get(f"/subjects/{subject}/versions/{version}"), texts, seen)
        texts.append(answer["schema"])

    async def _get(self, path: str) -> dict[str, Any]:
        try:
            response = await self._http.get(path)
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._name} does not answer: {type(error).__name__}") from None
        if response.status_code == httpx.codes.NOT_FOUND:
            raise InvalidEvent(f"{self._name} has no {path}: is it the registry of the producer?")
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise Misconfigured(f"{self._name} refuses the user in its URL ({response.status_code})")
        if response.status_code != httpx.codes.OK:
            raise Unavailable(f"{self._name} answers {response.status_code}")
        try:
            answer: dict[str, Any] = response.json()
        except ValueError:
            raise Unavailable(f"{self._name} answers no JSON") from None
        return answer
