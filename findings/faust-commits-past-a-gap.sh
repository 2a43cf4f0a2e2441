#!/bin/sh
# faust-streaming 0.15.3, Consumer._new_offset, which decides what is committed.
# Guess: Faust commits up to the first offset that is not acked.
# Seen:  with 10 committed (the next offset to read) and only 11 acked it commits 12, so that 10 is never read again
#        after a crash; with nothing committed yet it looks for no gap at all.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check faust-streaming==0.15.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio

import faust
from faust.types import TP


async def main():
    app, partition = faust.App("finding", broker="kafka://127.0.0.1:1"), TP("topic", 0)

    def committed(before, acked):
        app.consumer._committed_offset[partition] = before
        app.consumer._acked[partition] = list(acked)
        return app.consumer._new_offset(partition)

    print("10 is committed, 11 is acked, 10 is not; it commits", committed(10, [11]))
    print("nothing is committed, 5 and 6 are acked, 0 to 4 are not; it commits", committed(None, [5, 6]))
    assert committed(10, [11]) == 12
    assert committed(None, [5, 6]) == 7
    assert committed(10, [12]) is None, "a gap of two is seen"


asyncio.run(main())
PYTHON
