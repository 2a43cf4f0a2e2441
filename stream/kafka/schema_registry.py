"""A schema registry over HTTP: the schema of an id, with those that it refers to."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from schemas.errors import InvalidEvent, Misconfigured, Unavailable
from workers.retry import Backoff, Persistence, until_available
from workers.sources.confluent import registered_schema

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from workers.sources.confluent import RegisteredSchema
    from workers.sources.formats import SourcesFile

ANSWER_SECONDS_MAX = 10.0
PERSISTENCE = Persistence(30, Backoff(0.2, 5.0))
"""The bounds on asking for one schema, about two minutes; then the process ends, and its next start asks again."""
REFERENCES_MAX = 100
PORTS = {"http": 80, "https": 443}
BAD_REQUESTS = (httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY)
"""The statuses besides 404 that registries answer for an id that they never give, such as one read from a record that
was not encoded with a schema."""


@asynccontextmanager
async def opened_registry(configured: SourcesFile) -> AsyncIterator[SchemaRegistry | None]:
    """Yield the registry of these sources, which is closed at the end; None if they have none. Raises Misconfigured."""
    registry = None if configured.registry is None else SchemaRegistry(configured.registry, configured.registry_ca)
    try:
        yield registry
    finally:
        if registry is not None:
            await registry.close()


class SchemaRegistry:
    """Asks one registry."""

    def __init__(self, url: str, ca: Path | None = None, *, persistence: Persistence = PERSISTENCE) -> None:
        """`url` may have a user and a password, which no message repeats. `ca`: whose certificates are trusted.

        Raises Misconfigured if there are no certificates at `ca`.
        """
        self._persistence = persistence
        given = httpx.URL(url)
        self._http = httpx.AsyncClient(
            # The user is taken out of the URL, which httpx writes into its log.
            base_url=given.copy_with(username=None, password=None),
            auth=(given.username, given.password) if given.userinfo else None,
            timeout=ANSWER_SECONDS_MAX,
            trust_env=False,
            verify=True if ca is None else _trusting(ca),
        )
        self._name = f"the schema registry at {given.host}:{given.port or PORTS[given.scheme]}"

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def schema(self, schema_id: int) -> RegisteredSchema | InvalidEvent:
        """Return a schema, or why no record with this id can be read.

        Raises Unavailable after many attempts, and Misconfigured if the registry refuses the user.
        """
        attempts_max, backoff = self._persistence
        return await until_available(
            lambda: self._schema(schema_id), "schema registry away", backoff, attempts_max=attempts_max
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
            path = f"/subjects/{quote(str(subject), safe='')}/versions/{version}"
            await self._gather(await self._get(path), texts, seen)
        texts.append(answer["schema"])

    async def _get(self, path: str) -> dict[str, Any]:
        try:
            response = await self._http.get(path)
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._name} does not answer: {type(error).__name__}") from None
        if response.status_code in (httpx.codes.NOT_FOUND, *BAD_REQUESTS):
            raise InvalidEvent(f"{self._name} has no {path}: is it the registry of the producer?")
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise Misconfigured(f"{self._name} refuses the user in its URL ({response.status_code})")
        if response.status_code != httpx.codes.OK:
            raise Unavailable(f"{self._name} answers {response.status_code}")
        try:
            return _checked(response.json())
        except (ValueError, KeyError, TypeError):
            raise Unavailable(f"{self._name} answers no schema") from None


def _checked(answer: Any) -> dict[str, Any]:
    """Return an answer with a schema. Raises ValueError, KeyError or TypeError if it is another one."""
    texts = [answer["schema"], answer.get("schemaType", "AVRO")]
    references = [(each["subject"], each["version"]) for each in answer.get("references") or ()]
    if not isinstance(answer, dict) or not all(isinstance(each, str) for each in texts):
        raise TypeError
    return answer | {"references": [dict(zip(("subject", "version"), each, strict=True)) for each in references]}


def _trusting(ca: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"registry_ca: there are no certificates at {ca} ({error.strerror or error})") from None
