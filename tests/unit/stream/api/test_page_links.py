"""The page shows whatever a feed may hold."""

from __future__ import annotations

import pytest

from stream.api.page import web_link


@pytest.mark.parametrize("link", ["http://[bad", "https://[::1", "javascript:alert(1)", "//[", "", None, "ftp://x"])
def test_a_link_that_is_no_address_of_the_web_is_no_link(link: str | None) -> None:
    assert web_link(link) is None
