"""Prepares a model: `python -m workers.embedder.prepare NAME FOLDER FILE THREADS`, in a process that then ends.

All that sentence-transformers and its loading leave in memory goes with it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from workers.embedder.child import end_with_caller, quiet_libraries
from workers.embedder.prepared import COLUMNS, REFUSED, About, PreparedTokeniser, write_prepared
from workers.embedder.readability import UNRELATED
from workers.embedder.sentence import SAMPLE, load_sentence_model
from workers.embedder.torch_model import TASKS
from workers.embedder.tracing import TracedPass

if TYPE_CHECKING:
    from workers.embedder.sentence import SentenceModel
    from workers.embedder.torch_model import Features, Task

TEXTS = (
    *UNRELATED,
    "",
    " ",
    "x",
    " two  spaces,\ta tab\nand a line ",
    "ünïcödé ✓ 🎂 Ω ﬁ １２",
    "嘉頓 孖寶蛋糕 - 合桃 78克 ノートパソコン 노트북",
    "<b>markup</b> [UNK] [SEP] </s> ## ##s",
    "a long text of many words 4x5 " * 400,
    "x" * 20_000,
)
"""Texts of all kinds: a prepared tokeniser has to give the tokens of the model's own for each."""


class NotPreparable(Exception):
    """This model runs with sentence-transformers alone: it has no trace, or a tokeniser of its own kind."""


def main() -> None:
    """Load the model, and write its prepared form, or the reason why it has none."""
    end_with_caller()
    quiet_libraries()
    name, folder, file = sys.argv[1:]
    torch.set_num_threads(1)
    try:
        prepare(load_sentence_model(name, Path(folder)), Path(file))
    except NotPreparable as error:
        Path(file).with_suffix(REFUSED).write_text(f"{error}\n")


def prepare(loaded: SentenceModel, file: Path) -> None:
    """Write the prepared form of a model, which cannot run afterwards. Raises NotPreparable."""
    documents, queries = (loaded.model.passes[task] for task in ("document", "query"))
    if not isinstance(documents, TracedPass) or not isinstance(queries, TracedPass):
        raise NotPreparable("Its forward pass gives other vectors as a trace.")
    if documents.trace is not queries.trace:
        raise NotPreparable("It computes queries in another way than documents.")
    about = describe(loaded, documents)
    if not all(_tokenises_alike(loaded, PreparedTokeniser(about), task) for task in TASKS):
        raise NotPreparable("The tokenizers library gives other tokens than its own tokeniser.")
    write_prepared(file, documents.trace, about)


def describe(loaded: SentenceModel, documents: TracedPass) -> About:
    """Return the facts about the model that its file is to have. Raises NotPreparable."""
    model, tokeniser = loaded
    own: Any = getattr(tokeniser.model, "tokenizer", None)
    if (
        not hasattr(own, "backend_tokenizer")
        or not set(documents.names) <= COLUMNS
        or tokeniser.model.device.type != "cpu"
    ):
        raise NotPreparable("Its tokens are not those of the tokenizers library on a CPU.")
    return About(
        model=model.id,
        precision=model.precision,
        tokens_per_second=model.tokens_per_second,
        cosine_min=model.cosine_min,
        names=documents.names,
        prompts={task: tokeniser.prompt(task) or "" for task in TASKS},
        characters_max=tokeniser.characters_max,
        unknown=own.unk_token,
        special=own.all_special_tokens,
        tokeniser=own.backend_tokenizer.to_str(),
        sample=SAMPLE,
        rows=documents(tokeniser.features(SAMPLE, "document")).tolist(),
    )


def _tokenises_alike(loaded: SentenceModel, prepared: PreparedTokeniser, task: Task) -> bool:
    """Return whether both give the same features for each text alone, and for all of them with their padding."""
    cases = [[text] for text in TEXTS] + [list(TEXTS)]
    return all(_same(loaded.tokeniser.features(texts, task), prepared.features(texts, task)) for texts in cases)


def _same(own: Features, prepared: Features) -> bool:
    """Return whether all tensors are the same; the rest is a constant of the trace."""
    tensors = {name: value for name, value in own.items() if isinstance(value, torch.Tensor)}
    return list(tensors) == list(prepared) and all(torch.equal(tensors[name], prepared[name]) for name in tensors)


if __name__ == "__main__":
    main()
