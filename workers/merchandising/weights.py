"""The weights of items beside their relevance, by market and by kind of query."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.errors import RefusedRequest
from schemas.event_fields import Currency, Language  # noqa: TC001  (pydantic reads the types when it runs)
from schemas.queries import QueryKind  # noqa: TC001  (as above)
from schemas.setting_files import parse_setting_file
from schemas.weight_reports import FactorReport
from workers.merchandising import factors  # noqa: TC001  (as above)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.index.traits import Traits
    from workers.merchandising.factors import Factor, Moment

MARKETS_MAX = 100
ALTERNATIVES_MAX = 20
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"
IN_FORCE, UNWEIGHED, UNRULED = "current", "none", "unruled"
"""The names of the ranking in force, of that without weights, and of that in force without the rules of the shop."""
MARKETS_KNOWN_MAX = 1_024


class Factors(BaseModel):
    """The factors of one section of the file. A factor that is left out is as in the sections before, or none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rating: factors.Rating | None = None
    reviews: factors.Reviews | None = None
    availability: factors.Availability | None = None
    boost: factors.Boost | None = None
    popularity: factors.Popularity | None = None
    newness: factors.Newness | None = None
    price_drop: factors.PriceDrop | None = None
    sellers: factors.Sellers | None = None

    def given(self) -> dict[str, Factor]:
        """Return the factors of this section by name."""
        return {name: factor for name in Factors.model_fields if (factor := getattr(self, name)) is not None}


class Market(BaseModel):
    """The factors of the searches in one currency, or of shops of one language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: Currency | None = None
    language: Language | None = None
    weights: Factors

    @model_validator(mode="after")
    def _says_which(self) -> Market:
        if self.currency is None and self.language is None:
            raise ValueError("currency: name a currency or a language, or move the weights out of `markets`")
        return self

    def has(self, currency: str | None, language: str | None) -> bool:
        """Return whether a search in this currency, of a shop of this language, is in the market."""
        spoken = language or ""
        return self.currency in (None, currency) and (
            self.language is None or spoken == self.language or spoken.startswith(f"{self.language}-")
        )


class Sections(BaseModel):
    """The sections of one ranking."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: Factors = Factors()
    markets: list[Market] = Field(default_factory=list, max_length=MARKETS_MAX)
    queries: dict[QueryKind, Factors] = Field(default_factory=dict)


class RankingFile(Sections):
    """The whole file: the ranking in force, and others to try."""

    alternatives: dict[Annotated[str, Field(pattern=NAME_PATTERN)], Sections] = Field(
        default_factory=dict, max_length=ALTERNATIVES_MAX
    )

    @model_validator(mode="after")
    def _no_names_of_its_own(self) -> RankingFile:
        for name in (IN_FORCE, UNWEIGHED, UNRULED):
            if name in self.alternatives:
                raise ValueError(f"alternatives.{name}: is a ranking that there is always: take another name")
        return self


class ItemWeights:
    """The weights of items in one search."""

    def __init__(self, factors: Mapping[str, Factor]) -> None:
        self.factors = factors
        self._parts = [(factor.loss, factor.share) for factor in factors.values()]

    def weight(self, item: Traits, moment: Moment) -> float:
        """Return the weight of an item: the product of its factors, above 0 and at most 1.

        A factor is 1 - loss x (1 - share), which is (1 + strength x share) / (1 + strength).
        """
        weight = 1.0
        for loss, share in self._parts:  # Some 200 items a search: a call less for each factor is measurable.
            weight *= 1.0 - loss * (1.0 - share(item, moment))
        return weight

    def reports(self, item: Traits, moment: Moment) -> dict[str, FactorReport]:
        """Return the effect of each factor on an item."""
        shares = {name: factor.share(item, moment) for name, factor in self.factors.items()}
        return {name: _report(self.factors[name], share) for name, share in shares.items()}


def _report(factor: Factor, share: float) -> FactorReport:
    return FactorReport(share=share, strength=factor.strength, factor=1.0 - factor.loss * (1.0 - share))


class Ranking:
    """The weights of a file. They never change; another file is another object."""

    def __init__(self, sections: Sections | None = None) -> None:
        self._file = sections or Sections()
        alternatives = sections.alternatives if isinstance(sections, RankingFile) else {}
        self._others = {name: Ranking(each) for name, each in alternatives.items()}
        self._weights = lru_cache(MARKETS_KNOWN_MAX)(self._find_weights)

    def weights(self, kind: QueryKind, currency: str | None, languages: Sequence[str]) -> ItemWeights | None:
        """Return the weights of a search; None if every item counts the same.

        `currency`: that of the search, else of the shop; `languages`: those of the shop, the first one counts. The
        factors of a market go before the general ones, those of the kind of query before both.
        """
        return self._weights(kind, currency, next(iter(languages), None))

    def named(self, name: str, field: str) -> Ranking:
        """Return the weights of the ranking of this name: an alternative, that in force, or one that there is always.

        Raises RefusedRequest with the `field` that has the name if there is none.
        """
        if name in (IN_FORCE, UNRULED):
            return self
        if name == UNWEIGHED:
            return NO_WEIGHTS
        if name not in self._others:
            known = ", ".join([IN_FORCE, UNWEIGHED, UNRULED, *self._others])
            raise RefusedRequest(field, f"there is no ranking {name}: use {known}, or add it to `alternatives`")
        return self._others[name]

    def _find_weights(self, kind: QueryKind, currency: str | None, language: str | None) -> ItemWeights | None:
        file = self._file
        sections = [
            file.weights,
            *(market.weights for market in file.markets if market.has(currency, language)),
            file.queries.get(kind, Factors()),
        ]
        merged = {name: factor for section in sections for name, factor in section.given().items()}
        counting = {name: factor for name, factor in merged.items() if factor.strength}
        return ItemWeights(counting) if counting else None


NO_WEIGHTS = Ranking()


def read_ranking(text: str, name: str) -> Ranking:
    """Return the weights of a file. Raises Misconfigured with the `name` of the file and the field that is wrong."""
    return Ranking(parse_setting_file(text, RankingFile, "FRESHLINE_RANKING", name))
