"""The metadata of a collection: the layout, document template, analysis of words and model that it was written with.

This module enforces docs/invariants.md#7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.errors import Misconfigured
from workers.document import TEMPLATE_VERSION
from workers.embedder.interface import ModelId
from workers.index.layout import SCHEMA_VERSION
from workers.words.item import ANALYSIS_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

ANALYSIS_BEFORE = 1
"""The version of the analysis where the metadata names none."""


class Metadata(NamedTuple):
    """The facts that a collection records about itself.

    A server keeps them in the collection's metadata, the embedded index in a file beside the shard.
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
    analysis_version: int = ANALYSIS_VERSION
    """The version of the analysis (workers.words) that the terms of the lexical vectors were made with."""

    def encode(self) -> dict[str, Any]:
        """Return the metadata as an object of JSON."""
        return {**self._asdict(), "model": self.model._asdict()}


def decode(stored: Mapping[str, Any]) -> Metadata:
    """Return the metadata of a collection. Raises Misconfigured if Freshline has not written it."""
    try:
        return Metadata(**{"analysis_version": ANALYSIS_BEFORE, **stored, "model": ModelId(**stored["model"])})
    except (KeyError, TypeError) as error:
        raise Misconfigured(f"the index has no metadata that this version reads ({error})") from error


def check(metadata: Metadata, *, where: str, remedy: str) -> None:
    """Raise Misconfigured, with what to do, unless the collection has the present layout.

    A collection of another model, template or analysis serves as it is until a rebuild replaces it.
    """
    if metadata.schema_version != SCHEMA_VERSION:
        raise Misconfigured(f"{where} was written by another version of Freshline: {remedy}")


def outdated_words(metadata: Metadata) -> str | None:
    """Return a sentence that says what to run if the collection has the words of an earlier analysis, else None."""
    if metadata.analysis_version == ANALYSIS_VERSION:
        return None
    return (
        f"{metadata.collection} was filled by an earlier analysis of words, so words find less of what was "
        "written then: run `freshline rebuild`"
    )
