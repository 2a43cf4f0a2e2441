#!/bin/sh
# confluent-kafka 2.16.1 (librdkafka), Consumer.consume(500, timeout=3) where three records wait.
# Guess: it gives what is there, at most 500, and waits for the timeout where nothing is there, as Java's poll() does.
# Seen:  it waits until there are 500 or the time is over: the three records come after three seconds, though poll() gives
#        each at once. In a loop of consume(many, timeout=1.0) an event on a quiet topic is up to a second late.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check confluent-kafka==2.16.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import time

from confluent_kafka import Consumer, Producer, TopicPartition

producer = Producer({"test.mock.num.brokers": 1, "log_level": 3})
broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
address = f"{broker.host}:{broker.port}"
producer.list_topics("prices", timeout=10)
for number in range(3):
    producer.produce("prices", value=b"%d" % number, partition=0)
assert producer.flush(10) == 0

consumer = Consumer({"bootstrap.servers": address, "group.id": "group"})
consumer.assign([TopicPartition("prices", 0, 0)])
first = consumer.poll(10)
assert first is not None
begin = time.monotonic()
again = [consumer.poll(3) for _ in range(2)]
polled = time.monotonic() - begin

consumer.seek(TopicPartition("prices", 0, 0))
begin = time.monotonic()
found = consumer.consume(500, timeout=3)
consumed = time.monotonic() - begin
print(f"poll: 2 records after {polled:.2f} s; consume(500, timeout=3): {len(found)} records after {consumed:.2f} s")
assert None not in again and polled < 1
assert len(found) == 3 and consumed > 2.9, "it comes back with what is there now"
consumer.close()
PYTHON
