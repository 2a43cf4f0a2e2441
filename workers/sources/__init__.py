"""Sources: records of other systems, as events in our own form. One pure function for each format.

An adapter takes a message and returns the bodies of its events: none for a message that changes nothing (such as the
tombstone after a delete), several for one that is about several items. The bodies are then parsed like any event that
was sent in our own form, so an adapter checks only what its format needs. The parser is in `schemas`.
"""
