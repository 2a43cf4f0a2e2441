#!/bin/sh
# PyYAML 6.0.3 beside ruamel.yaml 0.19.1 (Python), each reading the texts that the other has written.
# Guess: a text that one of them writes is the same text to the other.
# Seen:  ruamel writes YAML 1.2 and leaves `12:30`, `no` and `1_0:30` without quotes, which are 750, False and 630 to
#        PyYAML; PyYAML leaves `1e3`, `12e03` and `0o17` without, which are 1000.0, 12000.0 and 15 to ruamel. A number of
#        13 digits behind a nought, as a GTIN of America has, is octal to PyYAML if all its digits are below 8, a text if
#        one is not, and a number without its noughts to ruamel.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check PyYAML==6.0.3 ruamel.yaml==0.19.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io

import yaml
from ruamel.yaml import YAML

TEXTS = ["12:30", "no", "1_0:30", "1e3", "12e03", "0o17"]
other = YAML(typ="safe")
written = io.StringIO()
other.dump(TEXTS, written)
by_pyyaml, by_ruamel = yaml.safe_load(written.getvalue()), other.load(yaml.safe_dump(TEXTS))
for text, one, two in zip(TEXTS, by_pyyaml, by_ruamel):
    print(f"{text!r}: ruamel wrote, PyYAML reads {one!r}; PyYAML wrote, ruamel reads {two!r}")
assert by_pyyaml == [750, False, 630, "1e3", "12e03", "0o17"], "PyYAML reads what ruamel wrote otherwise"
assert by_ruamel == ["12:30", "no", "1_0:30", 1000.0, 12000.0, 15], "ruamel reads what PyYAML wrote otherwise"
GTINS = "[0012345012345, 0012345678905]"
print("the same two GTINs:", yaml.safe_load(GTINS), other.load(GTINS))
assert yaml.safe_load(GTINS) == [1402213605, "0012345678905"], "PyYAML reads GTINs otherwise"
assert other.load(GTINS) == [12345012345, 12345678905], "ruamel reads GTINs otherwise"
PYTHON
