"""Ids of canaries are Freshline's own."""

from __future__ import annotations

from schemas.canaries import CANARY_PREFIX, is_canary


def test_an_id_with_the_reserved_beginning_is_a_canary_and_no_other() -> None:
    assert is_canary(f"{CANARY_PREFIX}0-1")
    assert not any(map(is_canary, ("canary", "Freshline-Canary-0", "freshline-canary", "lamp-freshline-canary-0")))
