"""The output of commands: data on stdout, everything else on stderr."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from schemas.currencies import DECIMALS

if TYPE_CHECKING:
    from rich.console import Console

    from schemas.answers import ShownItem, ShownOffer

OFFERS_SHOWN = 3
"""The most offers of an item that a table lists."""
LINE_CHARACTERS_MAX = 100
"""The most characters of a text that a table shows."""


def print_json(value: object, *, indent: bool = False) -> None:
    """Print a value as JSON on stdout, in one line or indented."""
    import orjson  # `--help` needs none of it, and imports this module.

    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else 0).decode() + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Print a sentence for the person on stderr, apart from the data on stdout."""
    print(text, file=sys.stderr, flush=True)


def stdout_console() -> Console:
    """Return a console that prints tables on stdout, as wide as the terminal."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def counted(number: int, thing: str) -> str:
    """Return a number with its noun: "1 item", "1,000 items"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def money(price: float | None, currency: str | None) -> str:
    """Return an amount with its currency, "8.50 HKD"; an empty text if there is no price."""
    return "" if price is None else f"{amount(price, currency)} {currency or ''}".strip()


def amount(price: float, currency: str | None) -> str:
    """Return a price with all its decimals, and at least as many as its currency has: "1,500" JPY, "0.125" KWD."""
    has = -int(Decimal(repr(price)).normalize().as_tuple().exponent)
    return f"{price:,.{max(has, DECIMALS.get(currency or '', 2))}f}"


def ago(time: str | None) -> str:
    """Return how long ago an RFC 3339 time was, in its largest unit: "3 s ago"; an empty text for None.

    One that a wrong clock gave is "4 h ahead"; less than a minute ahead is "0 s ago", as the clocks of two machines
    differ.
    """
    if time is None:
        return ""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= size:
            return f"{abs(seconds) / size:.0f} {unit} {'ago' if seconds > 0 else 'ahead'}"
    return f"{max(0.0, seconds):.0f} s ago"


def shortened(text: str) -> str:
    """Return a text as one line of at most `LINE_CHARACTERS_MAX`."""
    line = " ".join(text.split())
    return line if len(line) <= LINE_CHARACTERS_MAX else f"{line[: LINE_CHARACTERS_MAX - 1]}…"


def duration(seconds: float) -> str:
    """Return a duration in a unit that a person can imagine: "17 ms", "2.5 s", "2.5 min", "1.0 h"."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    unit, size = next((each for each in (("h", 3_600), ("min", 60)) if seconds >= each[1]), ("s", 1))
    return f"{seconds / size:.1f} {unit}"


def best_offers(item: ShownItem) -> str:
    """Return the cheapest offers, one a line, and how many more there are."""
    offers = sorted(item.offers, key=lambda offer: offer.price)
    lines = [
        f"{offer.seller} {amount(offer.price, offer.currency)}{_other(offer, item)}" for offer in offers[:OFFERS_SHOWN]
    ]
    return "\n".join([*lines, f"and {len(offers) - OFFERS_SHOWN} more"] if len(offers) > OFFERS_SHOWN else lines)


def _other(offer: ShownOffer, item: ShownItem) -> str:
    """Return the offer's currency if it differs from the currency of the item's own price."""
    return "" if offer.currency == item.currency else f" {offer.currency}"
