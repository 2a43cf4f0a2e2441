"""The rows of a feed in XML: RSS 2.0 and Atom, in any encoding that its declaration names."""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from schemas.errors import InvalidEvent
from workers.sources.row import Row
from workers.sources.unpacking import PEEK_BYTES, Recoded

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOGLE = "base.google.com/"
"""The part that the names of Google's vocabularies of products have in common."""
ITEM_TAGS = ("item", "entry")
"""The elements of a row in RSS 2.0 and in Atom."""
_OF_ATOM = {f"{{http://www.w3.org/2005/Atom}}{name}": "description" for name in ("summary", "content")}
"""Google's names of elements of Atom that have others."""
MARKED_UP = ("title", "description")
"""The elements that may have others in them and are texts all the same."""
ROOTS = ("rss", "feed", "RDF")
"""The outermost elements of feeds, which may be without rows."""
_DECLARATION = re.compile(rb"\s*<\?xml\b[^>]*\?>")
_ENCODING = re.compile(rb"""\bencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']""")


def xml_rows(file: io.BufferedReader) -> Iterator[Row]:
    """Yield the rows of a feed whose UTF-16, if it was one, is UTF-8 by now. The last one says what cannot be read."""
    number = 0
    try:
        for _, element in ElementTree.iterparse(_without_declaration(file), events=("end",)):
            if _local(element.tag) in ITEM_TAGS:
                number += 1
                yield Row(number, _element(element))
                element.clear()  # Else the whole feed stays in memory.
    except (ElementTree.ParseError, LookupError, UnicodeError) as error:
        yield Row(number + 1, InvalidEvent(f"the XML cannot be read further: {error}"))
    else:
        if number == 0 and _local(element.tag) not in ROOTS:
            outermost = _local(element.tag)
            yield Row(1, InvalidEvent(f"the XML is no feed: its <{outermost}> has neither <item> nor <entry>"))


def _without_declaration(file: io.BufferedReader) -> io.BufferedReader:
    """Return the XML behind its declaration in UTF-8, since the parser knows few encodings and goes by what is
    declared. Raises LookupError for an encoding that nobody knows.
    """
    declared = _DECLARATION.match(file.peek(PEEK_BYTES)[:PEEK_BYTES])
    if declared is None:
        while file.peek(1)[:1].isspace():
            file.read(1)
        return file
    file.read(declared.end())
    named = _ENCODING.search(declared[0])
    encoding = codecs.lookup(named[1].decode()).name if named else "utf-8"
    if encoding.startswith(("utf-8", "utf-16", "ascii")):
        return file
    return io.BufferedReader(Recoded(file, encoding, errors="strict"), PEEK_BYTES)


def _element(item: ElementTree.Element) -> dict[str, Any]:
    """Return the texts of an item by name. Of a name that is repeated the first counts; nested ones are left alone, but
    for the markup in a title or a description, which XHTML in a feed of Atom is.

    An item of Atom has an `id` beside Google's, and one of RSS the title of a picture beside its own. What Google calls
    the description is the summary of Atom, or the content.
    """
    texts: dict[str, Any] = {}
    for child in sorted(item, key=_foreignness):
        name = _OF_ATOM.get(child.tag) or _local(child.tag)
        text = child.get("href") or (_markup(child) if len(child) and name in MARKED_UP else child.text or "").strip()
        if text and (name in MARKED_UP or not len(child)) and child.get("rel", "alternate") == "alternate":
            texts.setdefault(name, text)
    return texts


def _markup(element: ElementTree.Element) -> str:
    """Return the texts and elements in this element as a text with tags, however deeply they are nested."""
    parts = [escape(element.text or "")]
    waiting = _within(element)
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            parts.append(part)
        else:
            name = _local(part.tag)
            parts.append(f"<{name}>{escape(part.text or '')}")
            waiting += [f"</{name}>", *_within(part)]
    return "".join(parts)


def _within(element: ElementTree.Element) -> list[ElementTree.Element | str]:
    """Return the elements in this one, each with the text behind it, in reverse order."""
    return [part for child in reversed(element) for part in (escape(child.tail or ""), child)]


def _foreignness(element: ElementTree.Element) -> int:
    """Return the rank of an element's vocabulary: Google's, that of the feed itself, any other."""
    vocabulary = str(element.tag).rpartition("}")[0]
    return 0 if GOOGLE in vocabulary else 1 if not vocabulary or "Atom" in vocabulary else 2


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]
