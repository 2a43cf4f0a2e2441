#!/bin/sh
# numpy 2.4.6 (Python), the product of vectors that were quantized to int8, as libraries of embeddings give them.
# Guess: a @ b of whole numbers is exact, or the type of the result is wide enough, as that of sum() is.
# Seen:  products and sums stay in int8 and wrap around: a vector of 384 numbers times itself is 119 where 249,975 is right,
#        and of 1,000 vectors none is nearest to itself. No warning. One of the two must be made int32 (or float32) first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W error - <<'PYTHON'
import numpy as np

rows = np.random.default_rng(7).standard_normal((1_000, 384)).astype(np.float32)
rows /= np.linalg.norm(rows, axis=1, keepdims=True)
small = np.clip(np.rint(rows * 500), -127, 127).astype(np.int8)
wrapped = small @ small.T
exact = small.astype(np.int32) @ small.T.astype(np.int32)
own = np.arange(len(small))
print("type", wrapped.dtype, "and of the sum", small.sum().dtype)
print("the first row times itself:", wrapped[0, 0], "exactly", exact[0, 0])
print("rows nearest to themselves:", (wrapped.argmax(1) == own).sum(), "of 1,000, exactly", (exact.argmax(1) == own).sum())
assert wrapped.dtype == np.int8 and small.sum().dtype == np.int64, "the type is wider now"
assert np.array_equal(wrapped, exact.astype(np.int8))
assert (wrapped.argmax(1) == own).sum() < 50 and (exact.argmax(1) == own).all()
PYTHON
