#!/bin/sh
# faust-streaming 0.15.3, the aiokafka consumer that it makes.
# Guess: how long a broker may keep a fetch that finds nothing is one of Faust's many consumer settings.
# Seen:  `fetch_max_wait_ms` is 1,500 in the driver's source, no setting reaches it, and a setting of that name is refused.
#        On a broker that does not wake a waiting fetch an event takes 1.5 s a hop.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check faust-streaming==0.15.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio

import faust
from faust.types.settings import Settings


async def main():
    app = faust.App("finding", broker="kafka://127.0.0.1:1")
    thread = app.consumer._new_consumer_thread()
    consumer = thread._create_worker_consumer(app.transport)
    print("fetch_max_wait_ms of the consumer:", consumer._fetch_max_wait_ms)
    assert consumer._fetch_max_wait_ms == 1500
    names = [name for name in Settings.SETTINGS if "wait" in name]
    print("settings of Faust with 'wait' in their names:", names)
    await consumer.stop()
    assert not [name for name in names if "fetch" in name]


asyncio.run(main())
PYTHON
