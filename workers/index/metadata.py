"""What a collection says of itself: which layout, which template, which model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.errors import Misconfigured
from workers.document import TEMPLATE_VERSION
from workers.embedder.interface import ModelId
from workers.index.layout import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping


class Metadata(NamedTuple):
    """Stands in the collection's own metadata, or in a file beside an embedded shard."""

    collection: str
    """Name of the physical collection, other for each that is created."""
    model: ModelId
    model_source: str | None = None
    """What the model is loaded by, name or folder; None: the one that is installed."""
    schema_version: int = SCHEMA_VERSION
    template_version: int = TEMPLATE_VERSION

    def encode(self) -> dict[str, Any]:
        """As JSON."""
        return {**self._asdict(), "model": self.model._asdict()}


def decode(stored: Mapping[str, Any]) -> Metadata:
    """The metadata of a collection. Raises Misconfigured if these are none of ours."""
    try:
        return Metadata(**{**stored, "model": ModelId(**stored["model"])})
    except (KeyError, TypeError) as error:
        raise Misconfigured(f"the index has no metadata that this version reads ({error})") from error


def check(metadata: Metadata, *, where: str, remedy: str) -> None:
    """Raises Misconfigured, with what to do, unless the collection is of this layout.

    One of another model or template serves as it is, until a rebuild takes its place.
    """
    if metadata.schema_version != SCHEMA_VERSION:
        raise Misconfigured(f"{where} was written by another version of Freshline: {remedy}")
