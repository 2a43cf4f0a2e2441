"""The file of FRESHLINE_SOURCES: the format of each input topic's records."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (pydantic reads the types when it runs)
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, model_validator

from schemas.errors import Misconfigured
from schemas.event_fields import Currency  # noqa: TC001  (pydantic reads the types when it runs)
from schemas.setting_files import parse_setting_file
from schemas.tokens import InputTopic  # noqa: TC001  (as above)
from workers.sources.debezium import debezium, debezium_unwrapped
from workers.sources.google_merchant import google_merchant
from workers.sources.magento import magento
from workers.sources.mapping import ColumnOrName, check_fields
from workers.sources.own import own
from workers.sources.shopify import ItemId, shopify
from workers.sources.tables import table
from workers.sources.woocommerce import woocommerce

if TYPE_CHECKING:
    from workers.sources.messages import Adapter

Format = Literal[
    "freshline", "csv", "debezium", "debezium-unwrapped", "shopify", "woocommerce", "magento", "google-merchant"
]
WITH_PRICES = ("shopify", "woocommerce", "magento", "google-merchant")
"""Formats in which a product has its prices with it."""
MAPPED = ("debezium", "debezium-unwrapped")
WITHOUT_CURRENCY = ("shopify", "woocommerce", "magento")
"""Formats of platforms that do not tell the currency of a price."""


class Source(BaseModel):
    """The source of a topic: the format of its records, and their mapping."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: InputTopic
    format: Format = "freshline"
    encoding: Literal["json", "confluent"] = "json"
    envelope: Literal["cloudevents"] | None = None
    mapping: dict[str, ColumnOrName] | None = None
    """Our fields, and the columns that they come from."""
    replica_identity: Literal["full"] | None = None
    """`full`: a delete of Debezium has the true values of the deleted row. Without it, only those of the key are
    true."""
    currency: Currency | None = None
    """The currency of a shop whose platform does not tell it."""
    items: ItemId = "variant"
    location_id: int | None = None

    @model_validator(mode="after")
    def _checked(self) -> Source:
        if self.mapping is not None:
            if self.format not in MAPPED:
                raise ValueError(f"mapping: {self.format} has none: leave it out")
            check_fields(self.topic, self.mapping)
        allowed = {"replica_identity": MAPPED, "items": ("shopify",), "location_id": ("shopify",)}
        for name in self.model_fields_set & allowed.keys():
            if getattr(self, name) is not None and self.format not in allowed[name]:
                raise ValueError(f"{name}: {self.format} has none: leave it out")
        return self

    def adapter(self, shop_currency: str | None) -> Adapter:
        """Return the adapter. Raises Misconfigured if it needs a currency and none is given."""
        currency = self.currency or shop_currency
        if self.format in WITHOUT_CURRENCY and currency is None:
            raise Misconfigured(
                f"{self.format} does not tell the currency of a price: set `currency` in FRESHLINE_SOURCES, or "
                "FRESHLINE_SHOP_CURRENCY, to a code such as EUR"
            )
        whole_rows = self.replica_identity == "full"
        return {
            "freshline": own,
            "csv": table,
            "debezium": lambda: debezium(self.mapping, whole_rows=whole_rows),
            "debezium-unwrapped": lambda: debezium_unwrapped(self.mapping, whole_rows=whole_rows),
            "shopify": lambda: shopify(self.items, currency, self.location_id),
            "woocommerce": lambda: woocommerce(currency),
            "magento": lambda: magento(currency),
            "google-merchant": google_merchant,
        }[self.format]()


class SourcesFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: list[Source]
    registry: str | None = None
    """The URL of the schema registry, for topics whose encoding is confluent."""
    registry_ca: Path | None = None
    """A file with the certificates that the registry is trusted by; None: those that Python comes with."""

    @model_validator(mode="after")
    def _checked(self) -> SourcesFile:
        topics = [source.topic for source in self.sources]
        for topic in topics:
            if topics.count(topic) > 1:
                raise ValueError(f"topic: {topic} stands there twice: a topic has one format")
        for source in self.sources:
            if source.format == "csv":
                raise ValueError("format: csv is one of files: leave it to `--format csv`")
            if source.format in WITH_PRICES and source.topic != "products":
                raise ValueError(f"topic: {source.format} sends products with their prices: send them to products")
        if self.registry is not None and not _is_url(self.registry):
            raise ValueError("registry: is no URL of http or https: give one like http://localhost:8081")
        if self.registry is None and any(source.encoding == "confluent" for source in self.sources):
            raise ValueError("registry: is missing, and a topic has the encoding confluent: give its URL")
        return self


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def read_sources(text: str, name: str) -> SourcesFile:
    """Return the file of this text. Raises Misconfigured with the `name` of the file and the field that is wrong."""
    return parse_setting_file(text, SourcesFile, "FRESHLINE_SOURCES", name)
