"""The example of docs/clients.md that asks Qdrant itself, against the tests' own server front."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest
from qdrant_client import AsyncQdrantClient

from tests.support.index_backends import MODEL, SERVER_URL, content, front_url, put, vector
from workers.index.server.open import open_with

PAGE = (Path(__file__).parents[2] / "docs" / "clients.md").read_text(encoding="utf-8")
[EXAMPLE] = [each for each in re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) if "6333" in each]
URLS = [pytest.param(front_url, id="front"), *([pytest.param(lambda: SERVER_URL, id="server")] if SERVER_URL else [])]


@pytest.mark.parametrize("url_of", URLS)
async def test_the_example_finds_what_it_says(url_of: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(url_of)
    client, alias = AsyncQdrantClient(url=url_of(), check_compatibility=False), f"items-{uuid.uuid4().hex}"
    index = await (await open_with(client, alias=alias, model=MODEL)).serving()
    for product_id, title, price, direction in (
        ("lamp-1", "Brass desk lamp", 39.0, 0.0),
        ("lamp-2", "Steel desk lamp", 49.0, 0.1),
        ("cup-1", "Cup", 5.0, 9.0),
    ):
        item = content(product_id, title, brand="ACME", price=price, currency="EUR")
        await put(index, item, 1, dense=vector(1, direction))
    await put(index, content("gone", "Old desk lamp", brand="Acme", status="delisted", price=1.0), 1)
    example = EXAMPLE.replace("http://127.0.0.1:6333", url_of()).replace('"items"', repr(alias))
    exec(
        compile(example.replace("QdrantClient(", "QdrantClient(check_compatibility=False, url="), "example", "exec"), {}
    )
    by_words, alike, page, brands = capsys.readouterr().out.splitlines()
    assert "lamp-1" in by_words and "lamp-2" not in by_words and "gone" not in by_words
    assert alike == "['lamp-2', 'cup-1']"
    assert page.count("und") == 3 and brands == "[('ACME', 3)]"
    await client.close()
