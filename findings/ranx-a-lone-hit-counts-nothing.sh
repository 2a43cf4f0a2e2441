#!/bin/sh
# ranx 0.3.21 (Python), fuse with its default norm, min-max: a ranking by words and one by vectors.
# Guess: a product that is the only hit of one ranking has the full weight of it, as the best of any ranking has.
# Seen:  the only hit of a ranking is its best and its worst, and counts 0: who searches for an article number, which one
#        product has, gets this product behind all that is merely like it. Two hits of one score count 0 as well. The same
#        with norm="sum"; norm="max" and method="rrf" put it first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ranx==0.3.21
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import warnings

from numba.core.errors import NumbaTypeSafetyWarning
from ranx import Run, fuse

warnings.simplefilter("ignore", NumbaTypeSafetyWarning)
NEAR = {"case": 0.9, "cable": 0.8, "WH-1000": 0.7}


def fused(words, **how):
    by_words, by_vectors = Run({"query": words}), Run({"query": NEAR})
    found = fuse(runs=[by_words, by_vectors], **how).to_dict()["query"]
    return {product: round(float(score), 3) for product, score in sorted(found.items(), key=lambda each: -each[1])}


lone = fused({"WH-1000": 12.0}, method="sum")
tied = fused({"WH-1000": 12.0, "WH-1000 pads": 12.0}, method="sum")
by_best = fused({"WH-1000": 12.0}, norm="max", method="sum")
by_rank = fused({"WH-1000": 12.0}, method="rrf")
print("one hit by words:", lone)
print("two of one score:", tied)
print("norm=max:        ", by_best)
print("rrf:             ", by_rank)
assert lone == {"case": 1.0, "cable": 0.5, "WH-1000": 0.0}, "a lone hit counts now"
assert tied["WH-1000"] == tied["WH-1000 pads"] == 0.0, "hits of one score count now"
assert next(iter(by_best)) == next(iter(by_rank)) == "WH-1000"
PYTHON
