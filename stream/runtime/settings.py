"""Settings: a command's flag, else FRESHLINE_* in the environment, else the default here."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from schemas.errors import Misconfigured
from schemas.event_fields import Currency, language_tag

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "FRESHLINE_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("must be letters, digits, - _ and . that begin with a letter or digit")
    return text


def _listed(value: object) -> object:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


Name = Annotated[str, AfterValidator(_name)]
"""That may be a part of a file's name or of a collection's."""
Language = Annotated[str, AfterValidator(language_tag)]


class Settings(BaseSettings):
    """All that can be set. Read once, in a composition root, and handed on."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    kafka: str | None = None
    """Bootstrap servers, "host:port,host:port"; unset, `up` runs a broker of its own."""
    qdrant_url: str | None = None
    """URL of a Qdrant server; unset, the embedded Qdrant Edge serves."""
    qdrant_api_key: str | None = None
    api: str | None = None
    """Where the commands find a running stack; unset, the last `up` on this machine."""
    data_dir: Path = Path(".freshline")
    """Everything that a stack keeps on disk."""
    broker: Literal["embedded", "kafka"] = "embedded"
    api_host: str = "127.0.0.1"
    api_port: int = Field(8765, ge=1, le=65535)
    kafka_port: int = Field(9292, ge=1, le=65535)

    partitions: int = Field(4, ge=1, le=1024)
    """Of every topic on the data path: they must be the same."""
    replication_factor: int = Field(1, ge=1)
    min_insync_replicas: int = Field(1, ge=1)

    collection: Name = "items"
    """The alias that search asks; physical collections are named after it."""
    model: str | None = None
    """Name or path of a sentence-transformers model; unset, the all-MiniLM-L6-v2 that is installed with Freshline."""
    embedder: Literal["model", "fake"] = "model"
    """`fake`: deterministic vectors without a model, for tests."""
    embed_threads: int = Field(1, ge=1)
    """torch threads; on two cores one leaves the other to prices and searches."""
    shop_currency: Currency | None = None
    """Currency of an item's price; unset, that of most of its offers."""
    languages: Annotated[tuple[Language, ...], NoDecode, BeforeValidator(_listed)] = ("en",)
    """In which order titles are preferred."""
    worker_slot: Name = "0"
    """Names this worker among its kind: a static member of its consumer group."""
    metrics_port: int = Field(0, ge=0, le=65535)
    """Port of the items worker's own metrics; 0: none."""

    @cached_property
    def index_dir(self) -> Path:
        """Where the embedded index lies."""
        return self.data_dir / "index"


def read_settings(**given: Any) -> Settings:
    """What is given, else FRESHLINE_*, else the default. Raises Misconfigured with the name of what is wrong."""
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        reason = str(first["msg"]).removeprefix("Value error, ").removeprefix("Input ")
        if repr(first["input"]) not in reason:
            reason += f", not {first['input']!r}"
        raise Misconfigured(f"{PREFIX}{str(first['loc'][0]).upper()}: {reason}") from None


def unknown(names: Iterable[str]) -> list[str]:
    """Sentences on variables of the environment that look like settings and are none."""
    known = [PREFIX + field.upper() for field in Settings.model_fields]
    near = {
        name: get_close_matches(name, known, 1, cutoff=0.8)
        for name in names
        if name.startswith(PREFIX) and name not in known
    }
    return [
        f"{name} is no setting and has no effect" + "".join(f": {other} is" for other in others)
        for name, others in sorted(near.items())
    ]
