"""The text of an item: it is embedded, and its words make the lexical vector.

This module enforces docs/invariants.md#3.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from typing import TYPE_CHECKING, Literal, NamedTuple

from schemas.texts import visible
from workers.plain_text import attributes_text, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.points import Content
    from workers.embedder.interface import ModelId

TEMPLATE_VERSION = 4
"""The version of the template. It rises whenever `document` makes a different text from the same content."""

FINGERPRINT_BYTES = 16

TEXT_FIELDS: tuple[Literal["title", "brand", "category", "description", "attributes"], ...] = (
    "title",
    "brand",
    "category",
    "description",
    "attributes",
)
"""The fields of the content that a document is made of."""


class Document(NamedTuple):
    """The text of an item and its fingerprint. Documents with the same fingerprint have the same vector."""

    text: str
    fingerprint: str
    """The digest of the model, its revision, the template and the text: 22 characters."""
    attributes: str
    """The part of the text that the attributes make, which costs the most to make."""


def document(content: Content, model: ModelId) -> Document:
    """Return the document of the present content of an item.

    The most important fields come first, since a model reads only the beginning of a long text. Reviews, prices and
    stock are not part of it, so their changes never embed anything.
    """
    attributes = attributes_text(content["attributes"])
    text = "\n".join(filter(None, (normalised(plain(part)) for part in _parts(content, attributes))))
    return Document(text, fingerprint(text, model), attributes)


def same_text(before: Content, now: Content) -> bool:
    """Return whether both documents are certainly the same, because no field that they are made from differs."""
    return all(before[field] == now[field] for field in TEXT_FIELDS)


def fingerprint(text: str, model: ModelId) -> str:
    """Return the digest of everything that determines the vector of a normalised text."""
    identity = "\0".join((model.name, model.revision, str(model.dimension), str(TEMPLATE_VERSION), text))
    digest = hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=FINGERPRINT_BYTES).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def normalised(text: str) -> str:
    """Return the text in NFC, without characters that nobody sees, and with every run of white space as one blank.

    Texts that look the same embed once, and a query finds a word whatever is hidden in it.
    """
    return " ".join(unicodedata.normalize("NFC", visible(text)).split())


def _parts(content: Content, attributes: str) -> Iterator[str]:
    yield from _languages(content["title"])
    yield content["brand"] or ""
    yield " > ".join(content["category"])
    yield from _languages(content["description"])
    yield attributes


def _languages(texts: dict[str, str]) -> list[str]:
    """Return each distinct text once, in the order of the languages."""
    return list(dict.fromkeys(texts[language] for language in sorted(texts)))
