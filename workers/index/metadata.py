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


def check(metadata: Metadata, model: ModelId, *, where: str, remedy: str) -> None:
    """Raises Misconfigured, with what to do, unless the collection was made for this layout, template and model."""
    versions = (metadata.schema_version, metadata.template_version)
    if versions != (SCHEMA_VERSION, TEMPLATE_VERSION):
        raise Misconfigured(f"{where} was written by another version of Freshline: {remedy}")
    if metadata.model != model:
        of, wanted = (f"{m.name} ({m.revision}, {m.dimension} dimensions)" for m in (metadata.model, model))
        raise Misconfigured(f"{where} holds vectors of {of}, not of {wanted}: use that model, or {remedy}")
