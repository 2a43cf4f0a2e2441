"""Settings: a command's flag, else FRESHLINE_* in the environment, else the default here."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """All that can be set. Read once, in a composition root, and handed on."""

    model_config = SettingsConfigDict(env_prefix="FRESHLINE_", frozen=True, extra="ignore")

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

    collection: str = "items"
    """The alias that search asks; physical collections are named after it."""
    model: str | None = None
    """Name or path of a sentence-transformers model; unset, the all-MiniLM-L6-v2 that is installed with Freshline."""
    embedder: Literal["model", "fake"] = "model"
    """`fake`: deterministic vectors without a model, for tests."""
    embed_threads: int = Field(1, ge=1)
    """torch threads; on two cores one leaves the other to prices and searches."""
    shop_currency: str | None = Field(None, pattern=r"^[A-Z]{3}$")
    """Currency of an item's price; unset, that of most of its offers."""
    languages: Annotated[tuple[str, ...], NoDecode] = ("en",)
    """In which order titles are preferred."""
    worker_slot: str = "0"
    """Names this worker among its kind: a static member of its consumer group."""
    metrics_port: int = Field(0, ge=0, le=65535)
    """Port of the items worker's own metrics; 0: none."""

    @cached_property
    def index_dir(self) -> Path:
        """Where the embedded index lies."""
        return self.data_dir / "index"
