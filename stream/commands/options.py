"""Options that several commands share. A flag that is left out is None: then FRESHLINE_* decides, or the default."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class BrokerChoice(StrEnum):
    """The brokers that `up` can run."""

    EMBEDDED = "embedded"
    KAFKA = "kafka"


class Format(StrEnum):
    """The formats of files."""

    FRESHLINE = "freshline"
    CSV = "csv"
    GOOGLE_MERCHANT = "google-merchant"
    DEBEZIUM = "debezium"
    DEBEZIUM_UNWRAPPED = "debezium-unwrapped"
    SHOPIFY = "shopify"
    WOOCOMMERCE = "woocommerce"
    MAGENTO = "magento"
    CLOUDEVENTS = "cloudevents"


class AvailabilityChoice(StrEnum):
    """The availability of a product."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PREORDER = "preorder"
    BACKORDER = "backorder"


FileFormat = Annotated[
    Format,
    typer.Option(
        "--format",
        help="The format of the rows. The mapping and the currency of the topic in FRESHLINE_SOURCES count, if it has "
        "this format there.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Api = Annotated[
    str | None,
    typer.Option(
        "--api", metavar="URL", help="The API of a running stack [FRESHLINE_API; else the stack of this directory]."
    ),
]
Kafka = Annotated[
    str | None,
    typer.Option(
        "--kafka", metavar="HOST:PORT", help="The brokers [FRESHLINE_KAFKA; else those of the stack of this directory]."
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", metavar="DIR", help="The folder that holds everything [FRESHLINE_DATA_DIR; .freshline]."
    ),
]
BrokerKind = Annotated[
    BrokerChoice | None,
    typer.Option("--broker", help="The broker to run, unless FRESHLINE_KAFKA is set [FRESHLINE_BROKER; embedded]."),
]
ApiPort = Annotated[
    int | None,
    typer.Option(
        "--api-port", min=1, max=65535, metavar="PORT", help="The port of the HTTP API [FRESHLINE_API_PORT; 8765]."
    ),
]
KafkaPort = Annotated[
    int | None,
    typer.Option(
        "--kafka-port", min=1, max=65535, metavar="PORT", help="The port of the broker [FRESHLINE_KAFKA_PORT; 9292]."
    ),
]
MinPrice = Annotated[float | None, typer.Option(help="The lowest price.")]
MaxPrice = Annotated[float | None, typer.Option(help="The highest price.")]
Currency = Annotated[str | None, typer.Option(help="Only items whose price is in this currency.")]
Seller = Annotated[
    list[str] | None, typer.Option(help="Only items that this seller offers; several times for one of several.")
]
Brand = Annotated[list[str] | None, typer.Option(help="Only items of this brand, or of one of several.")]
Category = Annotated[
    list[str] | None, typer.Option(help="Only items in this category, at any level, or in one of several.")
]
Attribute = Annotated[
    list[str] | None,
    typer.Option(
        "--attribute",
        metavar="NAME:VALUE",
        help="Only items that have this value of an attribute, or one of several values of one name.",
    ),
]
MinRating = Annotated[float | None, typer.Option(help="The lowest mean rating, 1 to 5.")]
ItemAvailability = Annotated[
    list[AvailabilityChoice] | None, typer.Option(help="Only items of this availability, or of one of several.")
]
Understand = Annotated[
    bool, typer.Option("--understand/--as-typed", help="Whether words such as `under 500` may become filters.")
]
Diversity = Annotated[
    float | None, typer.Option(min=0, max=1, help="How much the first hits are to differ from one another.")
]
HitSort = Annotated[
    str,
    typer.Option(
        "--sort",
        help="The order of the hits: relevance, price_asc, price_desc, rating, newest, or attributes.NAME for the "
        "highest numbers of an attribute first; items without the value come last.",
    ),
]
Facets = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,...",
        help="Count what is found by these: brand, category, seller, availability, price, rating, attributes.NAME.",
    ),
]
Group = Annotated[bool, typer.Option("--group", help="Show the best item alone of those with one item_group_id.")]
