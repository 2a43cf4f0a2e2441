"""A prepared model gives what its model gives, and is never used where it would not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import platformdirs
import pytest

from tests.support.lazily import Lazily
from workers.embedder.model_files import revision

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from workers.embedder import preparation, prepare, prepared, sentence, torch_embedder, tracing
else:
    torch, sentence, torch_embedder, tracing = map(
        Lazily, ("torch", *(f"workers.embedder.{name}" for name in ("sentence", "torch_embedder", "tracing")))
    )
    prepare, preparation, prepared = (
        Lazily(f"workers.embedder.{name}") for name in ("prepare", "preparation", "prepared")
    )

TEXTS = ["cake", "walnut cake walnut cake", "toner mouse poison " * 20, "", "never heard of it"]
IMPORTED = """
import sys
from workers.embedder.registry import load_embedder
from workers.query_gate import QueryGate
load_embedder("model", sys.argv[1], threads=1, gate=QueryGate()).embed_query("cake")
print([name for name in ("sentence_transformers", "transformers") if name in sys.modules])
"""


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of caches, here and in the processes that a test starts."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert platformdirs.user_cache_path("freshline").is_relative_to(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def made(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The prepared form of the tiny model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("caches")))
        assert preparation.prepared_model(tiny.name, tiny) is not None
        [file] = file_of(tiny).parent.iterdir()
        return file.read_bytes()


@pytest.fixture
def file(tiny: Path, made: bytes, caches: Path) -> Path:
    """The file of the tiny model among the caches of the test."""
    path = file_of(tiny)
    assert path.is_relative_to(caches)
    path.parent.mkdir(parents=True)
    path.write_bytes(made)
    return path


def file_of(folder: Path) -> Path:
    return prepared.prepared_file(folder.name, revision(folder))


@pytest.mark.usefixtures("file")
def test_a_prepared_model_gives_the_vectors_of_its_model(tiny: Path, loaded: sentence.SentenceModel) -> None:
    model = preparation.prepared_model(tiny.name, tiny)
    assert model is not None
    read, own = torch_embedder.TorchEmbedder(model), torch_embedder.TorchEmbedder(loaded.model)
    assert (read.embed_documents(TEXTS) * own.embed_documents(TEXTS)).sum(axis=1).min() > 0.9999
    assert read.embed_query("cake") @ own.embed_query("cake") > 0.9999
    assert read.model == own.model
    assert read.cosine_min == pytest.approx(own.cosine_min, abs=0.01)


def test_a_model_is_prepared_once(tiny: Path, file: Path) -> None:
    first = file.stat()
    assert preparation.prepared_model(tiny.name, tiny) is not None
    assert file.stat().st_mtime_ns == first.st_mtime_ns


@pytest.mark.usefixtures("file")
def test_a_process_with_a_prepared_model_imports_neither_transformers_nor_sentence_transformers(tiny: Path) -> None:
    command = [sys.executable, "-c", IMPORTED, str(tiny)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert said.strip() == "[]"


def test_a_damaged_file_is_made_again(tiny: Path, made: bytes, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare_again(_name: str, _folder: Path, wanted: Path) -> bool:
        """Prepare the model as the process does that makes the file (see `made`), which takes seconds."""
        wanted.write_bytes(made)
        return True

    monkeypatch.setattr("workers.embedder.preparation._prepare", prepare_again)
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(prepared.DamagedFile, match="cannot be read"):
        prepared.read_prepared(file)
    model = preparation.prepared_model(tiny.name, tiny)
    assert model is not None
    assert np.isfinite(torch_embedder.TorchEmbedder(model).embed_query("cake")).all()


def test_a_file_whose_model_gives_other_vectors_than_it_says_is_damaged(tiny: Path, tmp_path: Path) -> None:
    loaded = sentence.load_sentence_model(tiny.name, tiny)  # Not the shared one: it cannot run once it is written.
    documents = loaded.model.passes["document"]
    assert isinstance(documents, tracing.TracedPass)
    about = prepare.describe(loaded, documents)
    about.rows = [[-each for each in row] for row in about.rows]
    prepared.write_prepared(tmp_path / "other.pt", documents.trace, about)
    with pytest.raises(prepared.DamagedFile, match="other vectors"):
        prepared.read_prepared(tmp_path / "other.pt")


def test_a_model_that_runs_step_by_step_alone_has_no_prepared_form(
    loaded: sentence.SentenceModel, tmp_path: Path
) -> None:
    steps = dict.fromkeys(loaded.model.passes, lambda _: torch.ones(1, 32))
    with pytest.raises(prepare.NotPreparable, match="as a trace"):
        prepare.prepare(
            sentence.SentenceModel(loaded.model._replace(passes=steps), loaded.tokeniser), tmp_path / "a.pt"
        )


def test_a_model_with_a_tokeniser_that_gives_other_tokens_has_no_prepared_form(
    loaded: sentence.SentenceModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = prepared.PreparedTokeniser.features
    monkeypatch.setattr(
        prepared.PreparedTokeniser, "features", lambda *args: features(args[0], ["toner"] * len(args[1]), args[2])
    )
    with pytest.raises(prepare.NotPreparable, match="other tokens"):
        prepare.prepare(loaded, tmp_path / "a.pt")


def test_a_model_that_was_refused_once_is_not_prepared_again(tiny: Path) -> None:
    refused = file_of(tiny).with_suffix(prepared.REFUSED)
    refused.parent.mkdir(parents=True)
    refused.write_text("It has no trace.")
    assert preparation.prepared_model(tiny.name, tiny) is None
    assert not file_of(tiny).exists()


def test_without_a_folder_for_caches_there_is_no_prepared_form(caches: Path, tiny: Path) -> None:
    (caches / "freshline").write_text("This is a file.")
    assert preparation.prepared_model(tiny.name, tiny) is None
