"""A whole stack whose rankings are judged against weights, rules and a model that it does not have."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from stream.runtime.settings import Settings
from stream.state_files.texts import item_texts
from workers.embedder.fake import FakeEmbedder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.running_stack import RunningStack

CAKES = 40


def judged(stack: RunningStack, *arguments: str) -> dict[str, Any]:
    done = stack.freshline("judge", *arguments, "--json", FRESHLINE_EMBEDDER="fake")
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_weights_rules_and_a_model_are_tried_beside_those_in_force(shared_stack: RunningStack, tmp_path: Path) -> None:
    (tmp_path / "queries").write_text("cake\nbrown sponge\n")
    (tmp_path / "judged").write_text('{"query_id": "cake", "product_id": "c7", "grade": 3}\n')
    (tmp_path / "weights").write_text("weights: {boost: {strength: 9, attribute: margin, most: 40}}\n")
    (tmp_path / "rules").write_text('{"id": "r", "query": "cake", "pin": {"product_id": "c7", "position": 1}}\n')
    asked = ("--queries", str(tmp_path / "queries"), "--judgements", str(tmp_path / "judged"))
    for number in range(CAKES):
        shared_stack.send_soon(
            "products",
            f"c{number}",
            title=f"Cake {number} " + "brown butter sponge " * (number % 5),
            description={"en": "A cake.", "zh": f"蛋糕 {number}"},
            attributes={"margin": number},
        )
    shared_stack.send_soon("products", "gone", title="Cake that is gone")
    shared_stack.send_soon("products", "gone", op="delete")
    shared_stack.producer.flush()
    shared_stack.until_quiet()

    weighed = judged(shared_stack, "current", "--weights", str(tmp_path / "weights"), *asked)
    assert weighed["changed"] == 2
    assert any("boost" in why for each in weighed["moves"][0]["moves"] for why in each["why"])

    ruled = judged(shared_stack, "current", "--rules", str(tmp_path / "rules"), *asked)
    assert ruled["ndcg"][1] == 1.0 > ruled["ndcg"][0] and ruled["changed"] == 1
    assert ruled["moves"][0]["moves"][0]["why"] == ["pin by r"]

    other = judged(shared_stack, "current", "--model", "another", *asked)
    assert other["rankings"] == ["current", "current with another"] and other["queries"] == 2

    # The texts that are embedded for it are those that the index has the vectors of.
    texts = asyncio.run(item_texts(Settings(kafka=shared_stack.kafka)))
    assert {f"c{number}" for number in range(CAKES)} <= set(texts) and "gone" not in texts
    embedder = FakeEmbedder()
    query = embedder.embed_query("sponge")
    live = shared_stack.get("/search", q="sponge", understand="false", explain="true", limit=CAKES)["hits"]
    for hit in live:
        [vector] = embedder.embed_documents([texts[hit["product_id"]]])
        assert hit["explanation"]["by_vectors"]["score"] == pytest.approx(float(query @ vector), abs=1e-3)
    assert len(live) >= 10
