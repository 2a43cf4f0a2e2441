"""A heavy module is imported by the tests that use it, and not by the collection of all tests."""

from __future__ import annotations

import pytest

from tests.support.lazily import Lazily


def test_what_pytest_asks_an_object_for_imports_nothing() -> None:
    module = Lazily("tests.support.no_such_module")
    assert getattr(module, "_mock_name", None) is None
    with pytest.raises(ModuleNotFoundError):
        module.name  # noqa: B018


def test_a_name_of_the_module_is_found() -> None:
    assert Lazily("tests.support.lazily").Lazily is Lazily
