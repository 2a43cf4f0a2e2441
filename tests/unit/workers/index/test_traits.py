from __future__ import annotations

import pytest

from workers.index.traits import EncodedAttributes, traits_of


def test_encoded_attributes_are_those_that_were_encoded() -> None:
    attributes = EncodedAttributes('{"colour":"Red","sizes":["S","M"],"weight":2.5}')
    assert attributes == {"colour": "Red", "sizes": ["S", "M"], "weight": 2.5}
    assert (attributes["weight"], attributes.get("colour"), attributes.get("material")) == (2.5, "Red", None)
    assert ("sizes" in attributes, len(attributes), list(attributes)) == (True, 3, ["colour", "sizes", "weight"])


@pytest.mark.parametrize("stored", ["null", "[]", '"red"', "5"])
def test_what_is_stored_instead_of_attributes_counts_as_none(stored: str) -> None:
    assert EncodedAttributes(stored) == {}
    found = traits_of({"status": "visible", "attributes": EncodedAttributes(stored)})
    assert found is not None
    assert found.attributes.get("colour") is None
