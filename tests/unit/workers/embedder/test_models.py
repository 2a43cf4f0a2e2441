"""Models that are missing, broken or unlike the usual one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from schemas.errors import EmbeddingFailed, Misconfigured
from tests.support.lazily import Lazily
from tests.support.tiny_model import WORDS
from workers.embedder.model_files import locate, revision
from workers.embedder.registry import describe

if TYPE_CHECKING:
    from pathlib import Path

    from workers.embedder import sentence, torch_embedder
else:
    sentence, torch_embedder = Lazily("workers.embedder.sentence"), Lazily("workers.embedder.torch_embedder")


def test_a_model_by_folder_gives_what_sentence_transformers_gives(tiny: Path) -> None:
    from sentence_transformers import SentenceTransformer

    texts = ["cake", "walnut cake walnut cake", "toner mouse poison " * 20, ""]
    embedder, plain = sentence.SentenceEmbedder(str(tiny)), SentenceTransformer(str(tiny), local_files_only=True)
    expected = plain.encode_document(texts, normalize_embeddings=True)
    assert (embedder.embed_documents(texts) * expected).sum(axis=1).min() > 0.999
    assert embedder.embed_query("cake") @ plain.encode_query("cake", normalize_embeddings=True) > 0.999
    assert embedder.model.dimension == 32
    assert embedder.model.name == "tiny"


def test_every_pass_has_its_tokens_on_the_device_of_the_model(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The device is a GPU where torch has one. Here a mark stands for it."""
    from sentence_transformers import SentenceTransformer

    forward = SentenceTransformer.forward

    def on_device(features: dict[str, Any], _device: object) -> dict[str, Any]:
        return {**features, "moved": features["attention_mask"]}

    def forward_there(self: SentenceTransformer, features: dict[str, Any], **options: Any) -> Any:
        assert "moved" in features, "expected all tensors to be on the same device"
        return forward(self, features, **options)

    monkeypatch.setattr("workers.embedder.sentence.batch_to_device", on_device)
    monkeypatch.setattr(SentenceTransformer, "forward", forward_there)
    embedder = sentence.SentenceEmbedder(str(tiny))
    assert np.isfinite(embedder.embed_documents(["cake", "walnut cake"])).all()
    assert np.isfinite(embedder.embed_query("cake")).all()


def test_a_model_that_gives_nan_fails_the_texts_with_nan_alone(tiny: Path, tmp_path: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    broken = SentenceTransformer(str(tiny), local_files_only=True)
    transformer: Any = broken[0]
    words = transformer.auto_model.embeddings.word_embeddings
    with torch.no_grad():
        words.weight[WORDS.index("poison")] = float("nan")
    broken.save(str(tmp_path / "broken"))
    embedder = sentence.SentenceEmbedder(str(tmp_path / "broken"))
    with pytest.raises(EmbeddingFailed, match="not finite"):
        embedder.embed_documents(["cake", "poison cake"])
    assert np.isfinite(embedder.embed_documents(["cake"])).all()


def test_a_model_that_raises_is_a_failed_embedding(loaded: sentence.SentenceModel) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("out of luck")

    passes: Any = dict.fromkeys(loaded.model.passes, broken)
    embedder = torch_embedder.TorchEmbedder(loaded.model._replace(passes=passes))
    with pytest.raises(EmbeddingFailed, match="out of luck"):
        embedder.embed_documents(["cake"])
    with pytest.raises(EmbeddingFailed, match="out of luck"):
        embedder.embed_query("cake")


def test_the_revision_differs_for_other_weights_and_for_another_configuration(tiny: Path, tmp_path: Path) -> None:
    copies = [shutil.copytree(tiny, tmp_path / name) for name in ("same", "weights", "pooling")]
    weights = copies[1] / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    pooling = copies[2] / "1_Pooling" / "config.json"
    pooling.write_text(pooling.read_text() + " ")
    same, *others = [revision(copy) for copy in copies]
    assert same == revision(tiny)
    assert len({same, *others}) == 3


def test_the_error_of_a_missing_model_names_it_and_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(Misconfigured, match=r"no model 'nobody/nothing'.*FRESHLINE_MODEL, or --model") as raised:
        locate("nobody/nothing")
    assert "\n" not in str(raised.value)


def test_a_name_without_an_owner_is_a_model_of_sentence_transformers(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    kept = tmp_path / "models--sentence-transformers--tiny"
    snapshot = kept / "snapshots" / ("a" * 40)
    shutil.copytree(tiny, snapshot)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("a" * 40)
    assert locate("tiny") == ("tiny", snapshot)
    assert locate("sentence-transformers/tiny") == ("sentence-transformers/tiny", snapshot)


def test_the_error_of_a_folder_without_a_model_names_it_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"cannot be loaded.*FRESHLINE_MODEL, or --model") as raised:
        sentence.SentenceEmbedder(str(tmp_path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("modules", [b'[{"idx": 0, "pa', b"\xff", b"[1]", b"7", b'[{"idx": 0}]', b'[{"path": 3}]'])
def test_the_error_of_unreadable_modules_names_the_file_and_the_remedy(tmp_path: Path, modules: bytes) -> None:
    (tmp_path / "modules.json").write_bytes(modules)
    with pytest.raises(Misconfigured, match=r"modules\.json of the model cannot be read .*Fetch it again") as raised:
        describe("model", str(tmp_path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "config",
    [b'{"word_embed', b"\xff", b"7", b"[1]", b'{"word_embedding_dimension": "4"}', b'{"out_features": "many"}'],
)
def test_the_error_of_an_unreadable_configuration_names_the_file_and_the_remedy(tmp_path: Path, config: bytes) -> None:
    (tmp_path / "modules.json").write_text('[{"path": "1_Pooling"}]')
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_bytes(config)
    with pytest.raises(Misconfigured, match=r"1_Pooling/config\.json of the model cannot be read") as raised:
        describe("model", str(tmp_path))
    assert "\n" not in str(raised.value)


def test_the_default_is_the_installed_model() -> None:
    name, folder = locate(None)
    assert name == "all-MiniLM-L6-v2"
    assert (folder / "model.safetensors").is_file()
