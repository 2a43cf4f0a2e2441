#!/bin/sh
# qdrant-edge-py 0.9.0, EdgeShard.optimize().
# Guess: a call into Rust that takes seconds leaves the interpreter to other threads.
# Seen:  no other thread of the process runs until it returns. (With 30,000 points of 384 numbers that was 12-21 s.)
#        In a process that serves, it must never be called.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qdrant-edge-py==0.9.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import tempfile
import threading
import time

import numpy as np
from qdrant_edge import *

config = EdgeConfig(vectors={"d": EdgeVectorParams(256, Distance.Cosine)}, sparse_vectors={})
shard = EdgeShard.create(tempfile.mkdtemp(dir="."), config)
vectors = np.random.default_rng(7).normal(size=(14_000, 256)).astype(np.float32)
for start in range(0, len(vectors), 500):
    batch = [Point(start + n, {"d": row.tolist()}, {}) for n, row in enumerate(vectors[start : start + 500])]
    shard.update(UpdateOperation.upsert_points(batch))

ticks, stop = [], threading.Event()


def tick():
    while not stop.is_set():
        ticks.append(time.monotonic())
        time.sleep(0.005)


thread = threading.Thread(target=tick)
thread.start()
time.sleep(0.5)
began = time.monotonic()
shard.optimize()
took = time.monotonic() - began
time.sleep(0.1)
stop.set()
thread.join()
longest = max(after - before for before, after in zip(ticks, ticks[1:]))
print(f"optimize took {took:.2f} s; the other thread did not run for {longest:.2f} s of them")
assert took > 0.2, "too quick to tell"
assert longest > 0.8 * took
PYTHON
