"""The facets of an item: the three parts whose freshness is known, and the topics that their events come by.

A refinement of search answers, which shops call a facet too, is in `schemas.refinements`.
"""

from __future__ import annotations

FACETS = ("product", "price", "reviews")
"""The parts of an item whose freshness is shown separately."""
FACET_OF_TOPIC = {"products": "product", "prices": "price", "reviews": "reviews"}
"""The part of an item that the events of each input topic change."""
TOPIC_OF_FACET = {facet: topic for topic, facet in FACET_OF_TOPIC.items()}
