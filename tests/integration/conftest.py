"""One stack for the tests that change nothing of it but items of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.running_stack import RunningStack, running_stack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Shared by several modules: use ids and words of your own, and leave the stack as it is."""
    with running_stack(tmp_path_factory.mktemp("shared")) as running:
        yield running
