#!/bin/sh
# faust-streaming 0.15.3, Consumer._add_gap, which notes the offsets that no message came for: holes of compaction, and
# the ends of transactions.
# Guess: a gap costs the same however many there are, and neighbouring ones become one.
# Seen:  each gap rebuilds the tree of all gaps of its partition, also of those that touch; only a commit takes them out.
#        Where nothing is acked meanwhile, 2,000 gaps more cost several times what the first 2,000 did.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check faust-streaming==0.15.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import time

import faust
from faust.types import TP

GAPS = 2_000


async def main():
    app, partition = faust.App("finding", broker="kafka://127.0.0.1:1"), TP("topic", 0)
    app.consumer._committed_offset[partition] = 0

    async def seconds(first):
        began = time.process_time()
        for number in range(first, first + GAPS):
            await app.consumer._add_gap(partition, 10 * number + 1, 10 * number + 10)
        return time.process_time() - began

    first, second = await seconds(0), await seconds(GAPS)
    kept = len(app.consumer._gap[partition])
    print(f"the first {GAPS} gaps took {first:.1f} s, the next {GAPS} took {second:.1f} s; {kept} are kept, which touch")
    assert kept == 2 * GAPS
    assert second > 2 * first


asyncio.run(main())
PYTHON
