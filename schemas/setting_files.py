"""Files in YAML that a setting names: read, parsed and validated, with one line about what is wrong in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from pathlib import Path

Model = TypeVar("Model", bound=BaseModel)


def read_setting_file(file: Path, setting: str) -> str:
    """Return the text of the file that `setting` names. Raises Misconfigured if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"{setting}: cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{setting}: cannot read {file}: it is not UTF-8") from None


def parse_setting_file(text: str, model: type[Model], setting: str, name: str) -> Model:
    """Return the content of a file. Raises Misconfigured with the `name` of the file and the field that is wrong."""
    try:
        return model.model_validate(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        raise Misconfigured(f"{setting}: {name} is no YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise Misconfigured(f"{setting}: {name}: {wrong_field(error)}") from None


def wrong_field(error: ValidationError) -> str:
    """Return the first field that is wrong, and why, in one line."""
    first: Any = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    reason = str(first["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    if first["type"] == "extra_forbidden":
        reason = "there is no such key"
    return f"{where}: {reason}" if where else reason
