"""Settings are checked before anything starts, and the reason names the variable."""

from __future__ import annotations

import os

import pytest

from schemas.errors import Misconfigured
from stream.runtime.settings import Settings, read_settings, unknown_settings


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("LANGUAGES", ",", "'' is no language tag: send one like en or zh-Hant"),
        ("LANGUAGES", "en;zh", "'en;zh' is no language tag"),
        ("SHOP_CURRENCY", "XQZ", "'XQZ' is not a currency of ISO 4217"),
        ("COLLECTION", "../items", "must be letters, digits"),
        ("WORKER_SLOT", "-1", "must be letters, digits"),
        ("CORS_ORIGINS", "https://shop.example/page", "is no address of a host, such as https://shop.example"),
        ("CORS_ORIGINS", "*", "is no address of a host"),
        ("WATCH_KEYS", "shop", "must be name:key with commas between them"),
        ("WATCH_KEYS", f"shop:{'k' * 15}", "a key must be 16 characters of ASCII or more"),
        ("WATCH_KEYS", f"shop:{'嘉' * 16}", "a key must be 16 characters of ASCII or more"),
        ("WATCH_KEYS", f"../shop:{'k' * 16}", "must be letters, digits"),
        ("WATCH_KEYS", f"shop:{'k' * 16}, shop:{'l' * 16}", "a name has two keys"),
        ("API_PORT", "high", "should be a valid integer"),
        ("BROKER", "rabbit", "should be 'embedded' or 'kafka', not 'rabbit'"),
        ("KAFKA", "\udcff:9092", "is not UTF-8 text"),
        ("API", "\udcff", "is not UTF-8 text"),
        ("PARTITIONS", "0", "should be greater than or equal to 1, not '0'"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(f"FRESHLINE_{name}", value)
    with pytest.raises(Misconfigured) as refused:
        read_settings()
    assert str(refused.value).startswith(f"FRESHLINE_{name}: ") and reason in str(refused.value)


def test_keys_of_watches_are_by_name_and_a_refused_one_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRESHLINE_WATCH_KEYS", f"shop:{'k' * 16}, app:a:b{'l' * 16}")
    settings = read_settings()
    assert {name: key.get_secret_value() for name, key in settings.watch_keys.items()} == {
        "shop": "k" * 16,
        "app": "a:b" + "l" * 16,
    }
    assert "kkkk" not in repr(settings)
    for wrong in ("shop:sesame", f"sesame{'k' * 16}", f"shop:{'k' * 16},sesame"):
        monkeypatch.setenv("FRESHLINE_WATCH_KEYS", wrong)
        with pytest.raises(Misconfigured, match="FRESHLINE_WATCH_KEYS: ") as refused:
            read_settings()
        assert "sesame" not in str(refused.value) and "kkkk" not in str(refused.value)


@pytest.mark.parametrize(("cores", "batches"), [(None, 1), (1, 1), (2, 2), (64, 4)])
def test_texts_embed_on_every_core_and_on_four_at_most_unless_a_number_is_set(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, batches: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert read_settings().batches_at_once == batches
    assert read_settings(embed_threads=7).batches_at_once == 7


def test_languages_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRESHLINE_LANGUAGES", "zh-Hant, en")
    assert read_settings().languages == ("zh-Hant", "en")


def test_a_setting_that_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGUAGES", "SHOP_CURRENCY", "API_PORT"):
        monkeypatch.setenv(f"FRESHLINE_{name}", "")
    settings = read_settings()
    assert (settings.languages, settings.shop_currency, settings.api_port) == (("en",), None, 8765)


def test_a_variable_that_looks_like_a_setting_is_named_with_the_setting_that_may_be_meant() -> None:
    assert unknown_settings(["PATH", "FRESHLINE_KAFKA", "FRESHLINE_SHOPCURRENCY", "FRESHLINE_QQQ"]) == [
        "FRESHLINE_QQQ is no setting and has no effect",
        "FRESHLINE_SHOPCURRENCY is no setting and has no effect: FRESHLINE_SHOP_CURRENCY is",
    ]


def test_every_setting_has_a_sentence_for_the_reference() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description and field.description.endswith("."), name
