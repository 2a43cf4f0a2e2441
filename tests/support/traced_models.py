"""Small models whose forward passes can, and cannot, be traced. Importing this imports torch: see `Lazily`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from workers.embedder.torch_model import Features


class Model(torch.nn.Module):
    """Turns rows of token ids into vectors, and counts the passes that Python runs."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.words = torch.nn.Embedding(50, 8)
        self.passes = 0

    def forward(self, features: Features, task: str | None = None) -> dict[str, torch.Tensor]:
        self.passes += 1
        return {"sentence_embedding": self.rows(self.words(features["input_ids"]), features)}

    def rows(self, words: torch.Tensor, features: Features) -> torch.Tensor:
        return words.mean(dim=1)


class DependsOnLength(Model):
    """Treats long texts in another way, which a trace of a short text does not contain."""

    def rows(self, words: torch.Tensor, features: Features) -> torch.Tensor:
        return words.max(dim=1).values if words.shape[1] > 5 else words.mean(dim=1)


class CannotBeTraced(Model):
    """Raises while it is traced."""

    def rows(self, words: torch.Tensor, features: Features) -> torch.Tensor:
        if torch._C._get_tracing_state():
            raise RuntimeError("not like this")
        return words.mean(dim=1)


class DependsOnMore(Model):
    """Depends on a feature that is no tensor."""

    def rows(self, words: torch.Tensor, features: Features) -> torch.Tensor:
        return words.mean(dim=1) * int(features.get("sign", 1))


class DependsOnTask(Model):
    """Computes queries in another way than documents."""

    def forward(self, features: Features, task: str | None = None) -> dict[str, torch.Tensor]:
        rows = super().forward(features)["sentence_embedding"]
        return {"sentence_embedding": rows.flip(1) if task == "query" else rows}
