#!/bin/sh
# bytewax 0.21.1 (Python), join of a stream of products with one of prices, by the product's id.
# Guess: each change of either side gives the pair as it is now, as a join of two tables does.
# Seen:  by default (emit_mode "complete") a pair is given once and then forgotten: the prices that come behind it wait for
#        the next change of the product, which may never come, and all but the last of them are never seen. With
#        emit_mode="running" each change gives the pair, and a pair of which a side has not come has None.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check bytewax==0.21.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, run_main

CHANGES = [
    ("p-1", ("product", "Red mug")),
    ("p-1", ("price", 10)),
    ("p-1", ("price", 9)),
    ("p-1", ("price", 8)),
]


def joined(changes, **options):
    pairs, flow = [], Dataflow("shop")
    stream = op.input("changes", flow, TestingSource(changes, batch_size=1))
    sides = op.branch("sides", stream, lambda change: change[1][0] == "product")
    products = op.map_value("products", sides.trues, lambda value: value[1])
    prices = op.map_value("prices", sides.falses, lambda value: value[1])
    op.output("pairs", op.join("join", products, prices, **options), TestingSink(pairs))
    run_main(flow)
    return [pair for _, pair in pairs]


default, running = joined(CHANGES), joined(CHANGES, emit_mode="running")
renamed = joined([*CHANGES, ("p-1", ("product", "Red cup"))])
print("by default:        ", default)
print("and a new title:   ", renamed)
print("emit_mode=running: ", running)
assert default == [("Red mug", 10)], "a second price gives a pair now"
assert renamed == [("Red mug", 10), ("Red cup", 8)]
assert running == [("Red mug", None), ("Red mug", 10), ("Red mug", 9), ("Red mug", 8)]
PYTHON
