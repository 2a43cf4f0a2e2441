"""A collection records facts about itself."""

from __future__ import annotations

import pytest

from schemas.errors import Misconfigured
from workers.embedder.interface import ModelId
from workers.index.metadata import Metadata, decode, outdated_words
from workers.words.item import ANALYSIS_VERSION

NOW = Metadata("shop-1", ModelId("m", "1", 4))


def test_metadata_is_read_as_it_was_written() -> None:
    assert decode(NOW.encode()) == NOW
    with pytest.raises(Misconfigured):
        decode({"collection": "shop-1"})


def test_an_index_of_an_earlier_analysis_is_noticed_and_the_sentence_says_what_to_run() -> None:
    written = NOW.encode()
    del written["analysis_version"]  # As indexes have it that were made before there were versions of it.
    before = decode(written)
    assert before.analysis_version < ANALYSIS_VERSION
    assert (outdated_words(before) or "").endswith("run `freshline rebuild`")
    assert outdated_words(NOW) is None
