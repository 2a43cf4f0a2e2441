"""The settings: a flag of the command, else FRESHLINE_* in the environment, else the default here."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import NoDecode, SettingsConfigDict

from schemas.errors import Misconfigured
from schemas.event_fields import Currency, Language  # noqa: TC001  (pydantic reads the types when it runs)
from stream.runtime.transport_settings import TransportSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "FRESHLINE_"
KEY_CHARS_MIN = 16
BATCHES_AT_ONCE_MAX = 4
"""The default's upper bound: the lane hands over eight texts at a time, which are four batches."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("must be letters, digits, - _ and . that begin with a letter or digit")
    return text


def _listed(value: object) -> object:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


def _secret_key(key: SecretStr) -> SecretStr:
    if not re.fullmatch(f"[!-~]{{{KEY_CHARS_MIN},}}", key.get_secret_value()):
        raise ValueError(f"a key must be {KEY_CHARS_MIN} characters of ASCII or more, without blanks")
    return key


def _origin(text: str) -> str:
    if not re.fullmatch(r"https?://[^/\s,]+", text):
        raise ValueError(f"{text} is no address of a host, such as https://shop.example")
    return text


def _keyed(value: object) -> object:
    """Return the keys by name of a text such as shop:KEY,app:KEY."""
    if not isinstance(value, str):
        return value
    pairs = [part.strip().partition(":") for part in value.split(",")]
    if not all(colon for _, colon, _ in pairs):
        raise ValueError("must be name:key with commas between them")  # The text has secrets.
    keys = {name: key for name, _, key in pairs}
    if len(keys) < len(pairs):
        raise ValueError("a name has two keys")
    return keys


Origin = Annotated[str, AfterValidator(_origin)]
"""A scheme, a host and perhaps a port, as the header `Origin` has them."""
Name = Annotated[str, AfterValidator(_name)]
"""A name that may be part of the name of a file or of a collection."""
SecretKey = Annotated[SecretStr, AfterValidator(_secret_key)]
"""A key that nobody guesses, and that a header can have."""


class Settings(TransportSettings):
    """Everything that can be set. It is read once, in a composition root, and handed on."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    api: str | None = Field(
        None,
        description="URL at which the commands find a running stack. If it is not set, they use the stack of the "
        "data directory from here upwards, else the only one that runs on this machine.",
    )
    sources: Path | None = Field(
        None,
        description="YAML file that says which input topics have records of other systems, such as Debezium. "
        "If it is not set, all topics have events in Freshline's own form.",
    )
    synonyms: Path | None = Field(
        None,
        description="YAML file with synonyms and stop phrases of searches. It is read again once it has changed; if "
        "it is wrong then, the rules in force stay. If it is not set, there are none.",
    )
    ranking: Path | None = Field(
        None,
        description="YAML file with the weights of items, by which a shop ranks what a search finds. It is read again "
        "once it has changed; if it is wrong then, the weights in force stay. If it is not set, relevance alone ranks.",
    )
    data_dir: Path = Field(Path(".freshline"), description="Directory of everything that a stack keeps on disk.")
    broker: Literal["embedded", "kafka"] = Field(
        "embedded",
        description="Broker that `up` runs if FRESHLINE_KAFKA is not set: `embedded` keeps its log in memory, `kafka` "
        "is Apache Kafka from KAFKA_HOME. The brokers of FRESHLINE_KAFKA count as Apache Kafka if it is not set.",
    )
    api_host: str = Field("127.0.0.1", description="Address at which the HTTP API listens.")
    api_port: int = Field(8765, ge=1, le=65535, description="Port at which the HTTP API listens.")
    cors_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (),
        description="Addresses of the pages of other hosts whose scripts may read this API in a browser, with commas "
        "between them, such as https://shop.example.",
    )
    watch_keys: Annotated[dict[Name, SecretKey], NoDecode, BeforeValidator(_keyed)] = Field(
        {},
        description="Keys of those who may set watches, as name:key with commas between them; a watch belongs to the "
        "name of its key. Without any, all who reach the API may set watches.",
    )
    kafka_port: int = Field(9292, ge=1, le=65535, description="Port of the broker that `up` runs.")

    partitions: int = Field(
        4,
        ge=1,
        le=1024,
        description="Number of partitions of every topic. All topics on the data path must have the same number.",
    )
    replication_factor: int = Field(1, ge=1, description="Replicas of each topic that Freshline creates.")
    min_insync_replicas: int = Field(
        1, ge=1, description="Replicas that must have a record before the broker confirms it."
    )

    collection: Name = Field(
        "items", description="Alias that search asks. The physical collections are named after it."
    )
    model: str | None = Field(
        None,
        description="Name or path of a sentence-transformers model. If it is not set, it is the all-MiniLM-L6-v2 that "
        "is installed with Freshline.",
    )
    embedder: Literal["model", "fake"] = Field(
        "model", description="What computes vectors. `fake` computes deterministic ones without a model, for tests."
    )
    embed_threads: int | None = Field(
        None,
        ge=1,
        description="How many batches of texts are embedded at a time while many wait, each on a core. If it is not "
        "set, as many as there are cores, and four at most. Prices and searches go first.",
    )
    shop_currency: Currency | None = Field(
        None,
        description="Currency of an item's price, as in ISO 4217. If it is not set, it is the currency of the shop's "
        "own offer, else of most of the item's offers, and a search with a bound on prices may have to name one.",
    )
    languages: Annotated[tuple[Language, ...], NoDecode, BeforeValidator(_listed)] = Field(
        ("en",),
        description="Languages with commas between them, in the order in which titles are preferred. If there is one, "
        "titles that name no language are searched by the forms of words in it.",
    )
    objective_seconds: float = Field(
        1.0, gt=0, description="Freshness objective: seconds within which search should show an event."
    )
    objective_share: float = Field(
        0.999, gt=0, lt=1, description="Freshness objective: the share of events that should make it in that time."
    )
    canary_seconds: float | None = Field(
        None,
        ge=0,
        description="How often a hidden item in each partition is changed and searched for, to measure freshness from "
        "outside; less often with many partitions. With 0 never. If it is not set, every 10 seconds, and on the "
        "embedded broker every 60.",
    )
    worker_slot: Name = Field(
        "0",
        description="Name of this worker among the workers of its kind. It makes the worker a static member of its "
        "consumer group, so give each worker its own.",
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Port at which the items worker serves its own metrics. With 0 it serves none."
    )

    @cached_property
    def index_dir(self) -> Path:
        """The directory of the embedded index."""
        return self.data_dir / "index"

    @property
    def batches_at_once(self) -> int:
        """The number of batches of texts that are embedded at a time."""
        return self.embed_threads or min(os.cpu_count() or 1, BATCHES_AT_ONCE_MAX)

    @property
    def broker_kind(self) -> Literal["embedded", "kafka"]:
        """The kind of the broker that events come from. The embedded one must be asked far more often."""
        return "kafka" if self.kafka is not None and "broker" not in self.model_fields_set else self.broker


def read_settings(**given: Any) -> Settings:
    """Read the settings: `given` first, then FRESHLINE_* in the environment, then the defaults.

    Raises Misconfigured with the name of the first variable that is wrong.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        reason = str(first["msg"]).removeprefix("Value error, ").removeprefix("Input ")
        if not first["loc"]:  # Settings that do not fit each other. Their input is all of them, with the secrets.
            raise Misconfigured(reason) from None
        is_secret = "Secret" in repr(Settings.model_fields[str(first["loc"][0])].annotation)
        if not is_secret and repr(first["input"]) not in reason:
            reason += f", not {first['input']!r}"
        raise Misconfigured(f"{PREFIX}{str(first['loc'][0]).upper()}: {reason}") from None


def unknown_settings(names: Iterable[str]) -> list[str]:
    """Return a sentence about each of these environment variables that looks like a setting and is none."""
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
