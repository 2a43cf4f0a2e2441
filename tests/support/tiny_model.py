"""A whole sentence-transformers model of a few kilobytes: CLS pooling, no normalisation, a prompt for queries."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cake", "walnut", "mouse", "toner", "poison", "query", ":"]


def save_tiny_model(folder: Path) -> Path:
    """Write the model below `folder`, and return its own folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    transformers: Any = importlib.import_module("transformers")  # Its names are found lazily: types cannot see them.

    torch.manual_seed(7)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    transformers.BertModel(config).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=16)
    pooling = Pooling(transformer.get_embedding_dimension(), pooling_mode="cls")
    prompts = {"query": "query: "}
    SentenceTransformer(modules=[transformer, pooling], prompts=prompts).save(str(folder / "tiny"))
    return folder / "tiny"
