"""Numbers and quantities in one form, however they are written: 500 ml, 500ml and 0,5 l are one term."""

from __future__ import annotations

import re
from typing import NamedTuple


class _Unit(NamedTuple):
    """The size of a unit in the base unit of its kind."""

    size: float
    base: str


_NAMES: dict[_Unit, str] = {
    _Unit(1, "ml"): "ml cc milliliter milliliters millilitre millilitres мл 毫升",
    _Unit(10, "ml"): "cl",
    _Unit(100, "ml"): "dl",
    _Unit(1_000, "ml"): "l lt ltr liter liters litre litres litro litros litri л 升 公升",
    _Unit(0.000_001, "g"): "ug μg mcg 微克",
    _Unit(0.001, "g"): "mg 毫克",
    _Unit(1, "g"): "g gm gr gram grams gramm gramme grammes gramo gramos grammi г гр 克 公克",
    _Unit(1_000, "g"): "kg kgs kilo kilos kilogram kilograms кг 公斤 千克",
    _Unit(0.001, "mm"): "um μm",
    _Unit(1, "mm"): "mm millimeter millimeters millimetre millimetres мм 毫米",
    _Unit(10, "mm"): "cm centimeter centimeters centimetre centimetres см 厘米 公分",
    _Unit(1_000, "mm"): "m meter meters metre metres metro metros metri м 米 公尺",
    _Unit(25.4, "mm"): "\" '' ′′ in inch inches zoll pouce pouces pulgada pulgadas pollice pollici 吋 英寸",
    _Unit(304.8, "mm"): "ft foot feet 呎 英尺",
    _Unit(1, "oz"): "oz ounce ounces 盎司 安士",
    _Unit(1, "lb"): "lb lbs pound pounds 磅",
    _Unit(1, "mb"): "mb megabyte megabytes",
    _Unit(1, "gb"): "gb gigabyte gigabytes",
    _Unit(1_000, "gb"): "tb terabyte terabytes",
    _Unit(1, "w"): "w watt watts 瓦",
    _Unit(1_000, "w"): "kw kilowatt kilowatts",
    _Unit(1, "v"): "v volt volts",
    _Unit(1, "mah"): "mah",
    _Unit(1_000, "mah"): "ah",
    _Unit(1, "wh"): "wh",
    _Unit(1_000, "wh"): "kwh",
    _Unit(1, "ohm"): "ohm ohms ω",
    _Unit(1_000, "ohm"): "kohm kω",
    _Unit(1, "pf"): "pf",
    _Unit(1_000, "pf"): "nf",
    _Unit(1_000_000, "pf"): "uf μf",
    _Unit(1, "pct"): "% percent prozent",
    _Unit(1, "gal"): "gal gallon gallons",
    _Unit(1, "hz"): "hz",
    _Unit(1, "mhz"): "mhz",
    _Unit(1_000, "mhz"): "ghz",
}
UNITS = {name: unit for unit, names in _NAMES.items() for name in names.split()}
"""The units by their names in folded text. 寸 is not one of them, since it is an inch here and a thumb there."""
DIGITS_KEPT = 3
"""The significant digits of an amount: 43.2 cm and 17 inches (43.18 cm) are the same screen."""


ROMAN = {
    name: str(value)
    for value, name in enumerate("i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix".split(), 1)  # noqa: SIM905
    if len(name) > 1
}
"""Roman numerals of several letters. One of a single letter may be a size, a vitamin or a name."""
_DOUBTFUL = re.compile(r"([1-9]\d{0,2})([.,])(\d{3})")


def other_reading(written: str) -> str | None:
    """Return the number that a text means where its only separator is read the other way, as thousands or as decimal:
    `20.000 mAh` of a German shop is 20000; None where there is no doubt.
    """
    if (found := _DOUBTFUL.fullmatch(written)) is None:
        return None
    whole, separator, fraction = found.groups()
    return ".".join(filter(None, (whole, fraction.rstrip("0")))) if separator == "," else whole + fraction


def number(written: str) -> str:
    """Return a number in one form: 1,5 and 1.50 as 1.5; 1,000 and 1.000.000 without separators; 1.2.3 as it stands.

    A single point is decimal. A single comma is, too, unless three digits follow it.
    """
    whole, fraction = _split(written)
    if "." in whole or "," in whole:
        groups = whole.replace(",", ".").split(".")
        if any(len(group) != 3 for group in groups[1:]):
            return written.replace(",", ".")
        whole = "".join(groups)
    return ".".join(filter(None, (whole, fraction.rstrip("0"))))


def quantity(amount: str, unit: str) -> str:
    """Return the term of a number, in the form that `number` gives, and a unit: the quantity in the base unit."""
    size, base = UNITS[unit]
    rounded = float(f"{float(amount) * size:.{DIGITS_KEPT}g}")
    return f"{rounded:.15g}{base}"


def _split(written: str) -> tuple[str, str]:
    """Return the digits before the decimal separator, with the separators of thousands, and those after it."""
    whole, separator, fraction = max(written.rpartition("."), written.rpartition(","), key=lambda parts: len(parts[0]))
    thousands = whole.count(separator) if separator else 0
    if not separator or thousands or (separator == "," and len(fraction) == 3 and "." not in whole and whole != "0"):
        return written, ""
    return whole, fraction
