#!/bin/sh
# torch 2.13.0 on a CPU (on Linux from https://download.pytorch.org/whl/cpu), set_num_threads of a process that embeds in
# threads.
# Guess: it sets how many threads an operation of this process may use, as its documentation says.
# Seen:  a thread that has computed anything keeps the number of before; the caller and threads that begin later have the
#        new one. A pool of threads that is warm goes on as it was, without a word.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from concurrent.futures import ThreadPoolExecutor

import torch


def number():
    torch.ones(4).sum()
    return torch.get_num_threads()


torch.set_num_threads(3)
with ThreadPoolExecutor(1) as warm, ThreadPoolExecutor(1) as new:
    before = warm.submit(number).result()
    torch.set_num_threads(1)
    seen = {"caller": number(), "warm thread": warm.submit(number).result(), "new thread": new.submit(number).result()}
print("before", before, "after set_num_threads(1):", seen)
assert before == 3 and seen == {"caller": 1, "warm thread": 3, "new thread": 1}, "running threads change now"
PYTHON
