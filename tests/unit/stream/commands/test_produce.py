from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from codecs import BOM_UTF8
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, get_args

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from schemas.errors import Misconfigured
from stream.commands.configured import file_format
from stream.commands.current_run import CommandBounds
from stream.commands.options import Format
from stream.kafka.cluster import Cluster
from stream.kafka.event_lines import valid_events
from stream.kafka.producer import OutgoingRecord
from stream.kafka.send_rate import at_rate
from stream.kafka.send_report import SendReport
from stream.kafka.topic_admin import topic_id
from stream.runtime.ports import free_port
from stream.up.brokers.embedded import EmbeddedBroker
from stream.up.brokers.interface import wait_accepting
from tests.support.running_commands import freshline, serving
from tests.support.standing_in import StandIn
from workers.clock import SystemClock
from workers.sources.file_events import FileFormat
from workers.sources.files import rows
from workers.sources.formats import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRICES = FileFormat(Source(topic="prices"))
PRICE = b'{"product_id": "P%d", "seller": "AEON", "price": 9.5, "currency": "HKD"}\n'


@pytest.fixture(scope="module", autouse=True)
def broker() -> Iterator[str]:
    embedded = EmbeddedBroker(free_port())
    process = subprocess.Popen(embedded.argv(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        asyncio.run(wait_accepting(embedded.address, 20))
        KafkaAdminClient(bootstrap_servers=embedded.address).create_topics(
            [NewTopic("prices", 2, 1), NewTopic("items", 2, 1)]
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FRESHLINE_KAFKA", embedded.address)
            yield embedded.address
    finally:
        process.kill()
        process.wait()


def records(address: str) -> dict[bytes, bytes]:
    consumer = KafkaConsumer(bootstrap_servers=address, enable_auto_commit=False)
    partitions = [TopicPartition("prices", number) for number in (0, 1)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    found: dict[bytes, bytes] = {}
    while batch := consumer.poll(1000):
        found |= {record.key: record.value for part in batch.values() for record in part}
    consumer.close()
    return found


def test_lines_are_sent_keyed_by_product_and_counted(broker: str, tmp_path: Path) -> None:
    file = tmp_path / "prices.jsonl"
    file.write_bytes(b"".join(PRICE % number for number in range(300)))
    done = freshline("produce", "prices", str(file), "--json")
    summary = json.loads(done.out)
    assert done.code == 0 and done.err == ""
    assert (summary["sent"], summary["invalid"], summary["failed"]) == (300, 0, 0)
    assert summary["tokens"][0].startswith("prices:0:") and summary["tokens"][1].startswith("prices:1:")
    found = records(broker)
    assert found[b"P7"] == (PRICE % 7).strip() and len([key for key in found if key.startswith(b"P")]) == 300


def test_invalid_lines_are_named_by_number_and_reason_and_the_others_sent(broker: str) -> None:
    lines = [PRICE % 900, b"{not json\n", b"\n", b'{"product_id": "P1", "price": -1, "currency": "HKD"}\n', PRICE % 901]
    done = freshline("produce", "prices", "-", "--json", stdin=b"".join(lines))
    assert done.code == 1
    assert [line.split(":")[0] for line in done.err.splitlines()] == ["line 2", "line 4"] and "price" in done.err
    assert json.loads(done.out)["sent"] == 2 and {b"P900", b"P901"} <= set(records(broker))


def test_count_stops_after_so_many_events() -> None:
    done = freshline("produce", "prices", "--count=3", stdin=b"".join(PRICE % number for number in range(9)))
    assert done.code == 0 and done.out.startswith("3 sent, 0 invalid, 0 failed")


def test_where_nothing_was_sent_nothing_is_called_searchable(broker: str) -> None:
    with serving(StandIn()) as api:
        done = freshline("produce", "prices", "--wait", "--api", api, stdin=b"")
        assert done.code == 0 and "searchable" not in done.out
        told = json.loads(freshline("produce", "prices", "--wait", "--json", "--api", api, stdin=b"").out)
        assert told["searchable"] is None and told["tokens"] == []


def test_wait_exits_0_once_all_is_searchable_and_10_when_it_gives_up(broker: str) -> None:
    service = StandIn()
    service.log_id = topic_id(Cluster(broker), "items")
    with serving(service) as api:
        service.searchable_below = 1_000_000
        done = freshline("produce", "prices", "--wait", "--json", "--api", api, stdin=PRICE % 1)
        told = json.loads(done.out)
        assert done.code == 0 and told["searchable"] is True
        assert [token.partition("@")[2] for token in told["tokens"]] == [service.log_id]
        service.searchable_below = 0
        bounds = CommandBounds(searchable_seconds_max=0.1)
        assert freshline("produce", "prices", "--wait", "--api", api, stdin=PRICE % 1, bounds=bounds).code == 10


def test_the_wait_outlives_a_restart_of_the_process_that_answers(broker: str) -> None:
    service = StandIn()
    service.log_id, service.searchable_below = topic_id(Cluster(broker), "items"), 1_000_000
    with serving(service) as api:
        service.told = [False, None, None, None]
        done = freshline("produce", "prices", "--wait", "--json", "--api", api, stdin=PRICE % 1)
        assert (done.code, json.loads(done.out)["searchable"], service.told) == (0, True, [])
        service.told, bounds = [False, None, None], CommandBounds(away_seconds_max=0.0)
        done = freshline("produce", "prices", "--wait", "--api", api, stdin=PRICE % 1, bounds=bounds)
        assert (done.code, done.err.count("\n")) == (1, 1) and "the index worker starts" in done.err


def test_the_wait_outlives_a_start_of_the_process_that_answers(broker: str) -> None:
    service = StandIn()
    service.log_id, service.told = topic_id(Cluster(broker), "items"), [None, None, True]
    with serving(service) as api:
        done = freshline("produce", "prices", "--wait", "--json", "--api", api, stdin=PRICE % 1)
        assert (done.code, done.err, json.loads(done.out)["searchable"], service.told) == (0, "", True, [])


def test_what_was_sent_is_told_where_nothing_answers_that_could_be_waited_for() -> None:
    bounds = CommandBounds(away_seconds_max=0.5)
    command = ("produce", "prices", "--wait", "--api=http://127.0.0.1:9")
    done = freshline(*command, "--json", stdin=PRICE % 1, bounds=bounds)
    told = json.loads(done.out)
    assert (done.code, told["sent"], told["searchable"], len(told["tokens"])) == (1, 1, False, 1)
    assert done.err == f"freshline: {told['why_not']}\n" and "nothing answers at http://127.0.0.1:9" in done.err
    done = freshline(*command, stdin=PRICE % 1, bounds=bounds)
    assert done.code == 1 and done.out.startswith("1 sent, ") and "\ntoken prices:" in done.out


def test_ctrl_c_says_how_many_were_sent_and_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    def ctrl_c_at_the_third(records: Iterator[OutgoingRecord], *_: object) -> Iterator[OutgoingRecord]:
        yield from islice(records, 2)
        raise KeyboardInterrupt

    monkeypatch.setattr("stream.kafka.send_rate.at_rate", ctrl_c_at_the_third)
    done = freshline("produce", "prices", "--rate=1", stdin=PRICE % 1 + PRICE % 2 + PRICE % 3)
    assert done == (130, "", "freshline: interrupted: 2 sent and confirmed\n")


def test_the_wait_is_given_up_where_the_log_began_anew(broker: str) -> None:
    service = StandIn()
    service.log_id = "another"
    with serving(service) as api:
        done = freshline("produce", "prices", "--wait", "--json", "--api", api, stdin=PRICE % 1)
        assert done.code == 10 and "is of another log" in json.loads(done.out)["why_not"]


def test_the_wait_is_given_up_with_the_reason_where_the_stack_cannot_be_kept_running(broker: str) -> None:
    service = StandIn()
    service.log_id, service.searchable_below = topic_id(Cluster(broker), "items"), 0
    service.failing = ["items cannot be kept running, it ended 3 times: exit 1: the item log cannot be read"]
    with serving(service) as api:
        done = freshline("produce", "prices", "--wait", "--json", "--api", api, stdin=PRICE % 1)
        told = json.loads(done.out)
        assert (done.code, told["searchable"], told["why_not"]) == (10, False, service.failing[0])
        assert service.failing[0] in done.err and told["waited_seconds"] < 60
        said = freshline("produce", "prices", "--wait", "--api", api, stdin=PRICE % 1).out
        assert "not all searchable after " in said


def test_an_unknown_topic_or_file_is_wrong_usage() -> None:
    assert freshline("produce", "orders").code == 2
    done = freshline("produce", "prices", "/none/such.jsonl")
    assert done.code == 2 and done.err == "freshline: cannot open /none/such.jsonl: No such file or directory\n"


def test_where_no_broker_answers_it_is_one_line() -> None:
    bounds = CommandBounds(broker_seconds_max=0.0, connect_seconds_max=0.1)
    done = freshline("produce", "prices", "--kafka=127.0.0.1:9", stdin=PRICE % 1, bounds=bounds)
    assert done.code == 1 and done.err.count("\n") == 1 and "127.0.0.1:9" in done.err


def test_a_broker_that_is_started_again_just_now_is_waited_for() -> None:
    embedded, started = EmbeddedBroker(free_port()), list[subprocess.Popen[bytes]]()

    def start() -> None:
        started.append(subprocess.Popen(embedded.argv(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        asyncio.run(wait_accepting(embedded.address, 20))
        KafkaAdminClient(bootstrap_servers=embedded.address).create_topics(
            [NewTopic("prices", 2, 1), NewTopic("items", 2, 1)]
        )

    later = threading.Timer(1.0, start)
    later.start()
    try:
        done = freshline("produce", "prices", "--kafka", embedded.address, stdin=PRICE % 1)
        assert (done.code, done.err) == (0, "") and done.out.startswith("1 sent, ")
    finally:
        later.join()
        for process in started:
            process.kill()
            process.wait()


def test_a_paced_record_is_never_early_and_a_long_pause_is_not_made_up_for() -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    some = [OutgoingRecord(n, "prices", b"k", b"v") for n in range(30)]
    times = []
    for record in at_rate(some, 10, lambda: now[0], sleep):
        times.append(now[0])
        if record.line == 9:
            now[0] += 60
    assert times[:10] == pytest.approx([100 + n / 10 for n in range(10)])
    assert times[10] == pytest.approx(160.9) and times[-1] > 160.9


def test_a_byte_order_mark_is_no_part_of_any_line() -> None:
    """Files that were put together have one within."""
    sent = SendReport()
    found = rows(BytesIO(BOM_UTF8 + PRICE % 1 + PRICE % 2 + BOM_UTF8 + PRICE % 3), takes_text=False)
    assert [record.value for record in valid_events(found, PRICES, sent, SystemClock())] == [
        (PRICE % number).strip() for number in (1, 2, 3)
    ]
    assert sent.invalid == 0


def test_blank_lines_are_no_events() -> None:
    sent = SendReport()
    found = rows(BytesIO(b"\n" + PRICE % 1 + b"  "), takes_text=False)
    assert [record.line for record in valid_events(found, PRICES, sent, SystemClock())] == [2]
    assert sent.invalid == 0


def test_a_table_is_sent_as_events_in_our_own_form(broker: str, tmp_path: Path) -> None:
    """The header says so, whatever format the topic is configured to have."""
    file = tmp_path / "prices.csv"
    file.write_bytes(b"product_id;price;currency\nT1;9,5;EUR\nT2;8.5;EUR\n")
    done = freshline("produce", "prices", str(file), "--format=csv", "--json")
    assert done.code == 1 and done.err.startswith("line 2: price: '9,5' is no decimal")
    assert records(broker)[b"T2"] == b'{"product_id":"T2","price":"8.5","currency":"EUR"}'
    without = freshline("produce", "prices", str(file))
    assert without.code == 2 and "text separated by semicolons: give `--format" in without.err


def test_every_format_of_the_configuration_can_be_given_to_a_command() -> None:
    formats = set(get_args(Source.model_fields["format"].annotation))
    assert {str(each) for each in Format} == formats | {"cloudevents"}


def test_the_envelope_of_a_file_takes_the_format_of_its_topic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sources.yaml").write_text(
        "sources: [{topic: products, format: woocommerce, envelope: cloudevents, currency: EUR}]"
    )
    monkeypatch.setenv("FRESHLINE_SOURCES", str(tmp_path / "sources.yaml"))
    event = b'{"id":"1","source":"/","specversion":"1.0","type":"t","data":{"id":5,"name":"Rug","price":"9"}}'
    assert [value.topic for value in file_format("products", "cloudevents").values(event)] == ["products", "prices"]


@pytest.mark.parametrize("envelope", [None, "cloudevents"])
def test_the_prices_in_products_of_a_platform_have_the_currency_and_names_of_the_products(
    envelope: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sync prices` would name other items than the topic does, and `prices` can have no source of this format."""
    wrapped = "" if envelope is None else f", envelope: {envelope}"
    config = tmp_path / "sources.yaml"
    config.write_text(f"sources: [{{topic: products, format: shopify, currency: SEK, items: sku{wrapped}}}]")
    monkeypatch.setenv("FRESHLINE_SOURCES", str(config))
    body = {"id": 1, "title": "Cup", "variants": [{"id": 2, "sku": "CUP-2", "price": "9.00"}]}
    event = {"id": "1", "source": "/", "specversion": "1.0", "type": "t", "data": body}
    row = json.dumps(body if envelope is None else event).encode()
    found = file_format("prices", envelope or "shopify").values(row)
    [price] = [json.loads(each.value) for each in found if each.topic == "prices"]
    assert price == {"product_id": "CUP-2", "price": "9.00", "currency": "SEK"}


def test_the_format_of_a_file_takes_the_mapping_of_its_topic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "sources.yaml"
    config.write_text(
        "sources:\n- topic: prices\n  format: debezium-unwrapped\n"
        "  mapping: {product_id: sku, price: cost, currency: cur}\n"
    )
    monkeypatch.setenv("FRESHLINE_SOURCES", str(config))
    [value] = file_format("prices", "debezium-unwrapped").values(b'{"sku": "x", "cost": "2.5", "cur": "EUR"}')
    assert json.loads(value.value) == {"product_id": "x", "price": "2.5", "currency": "EUR"}
    monkeypatch.setenv("FRESHLINE_SOURCES", str(tmp_path / "none.yaml"))
    with pytest.raises(Misconfigured, match=r"FRESHLINE_SOURCES: cannot read .*none.yaml: No such file"):
        file_format("prices", "csv")


def test_a_check_of_a_topic_reads_its_newest_records(broker: str) -> None:
    freshline("produce", "prices", "-", stdin=PRICE % 77)
    with KafkaProducer(bootstrap_servers=broker) as producer:
        producer.send("prices", value=b'{"id": 1, "name": "A", "regular_price": "1"}').get(20)
        microseconds = 1_000 * SystemClock().now_ms()
        producer.send("prices", value=PRICE % 78, timestamp_ms=microseconds).get(20)
    done = freshline("formats", "check", "prices", "--json")
    found = json.loads(done.out)
    assert done.code == 1 and found["sees"] == "topic prices" and found["read"] > 1
    assert any("this is a WooCommerce product" in each["reason"] for each in found["refused"])
    assert any("correct the producer's clock" in each["reason"] for each in found["refused"])
