"""The metadata of a collection: the layout, document template and model that it was written with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.errors import Misconfigured
from workers.document import TEMPLATE_VERSION
from workers.embedder.interface import ModelId
from workers.index.layout import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping


class Metadata(NamedTuple):
    """What a collection records about itself.

    A server keeps it in the collection's metadata, the embedded index in a file beside the shard.
    """

    collection: str
    """The identity of the physical collection, different for each one that is created."""
    model: ModelId
    model_source: str | None = None
    """The name or folder that the model is loaded from; None means the installed model."""
    schema_version: int = SCHEMA_VERSION
    """The version of the layout (workers.index.layout) that the points were written with."""
    template_version: int = TEMPLATE_VERSION
    """The version of the template (workers.document) that the documents were made with."""

    def encode(self) -> dict[str, Any]:
        """Return the metadata as an object of JSON."""
        return {**self._asdict(), "model": self.model._asdict()}


def decode(stored: Mapping[str, Any]) -> Metadata:
    """Return the metadata of a collection. Raises Misconfigured if Freshline has not written it."""
    try:
        return Metadata(**{**stored, "model": ModelId(**stored["model"])})
    except (KeyError, TypeError) as error:
        raise Misconfigured(f"the index has no metadata that this version reads ({error})") from error


def check(metadata: Metadata, *, where: str, remedy: str) -> None:
    """Raise Misconfigured, with what to do, unless the collection has the present layout.

    A collection of another model or template serves as it is until a rebuild replaces it.
    """
    if metadata.schema_version != SCHEMA_VERSION:
        raise Misconfigured(f"{where} was written by another version of Freshline: {remedy}")
