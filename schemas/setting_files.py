"""Files in YAML that a setting names: read, parsed and validated, with one line about what is wrong in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from typing_extensions import override

from schemas.errors import Misconfigured
from schemas.wrong_fields import reason

if TYPE_CHECKING:
    from pathlib import Path

Model = TypeVar("Model", bound=BaseModel)

_TRUTH = re.compile("^(?:true|True|TRUE|false|False|FALSE)$")
_WHOLE = re.compile("^[-+]?(?:0|[1-9][0-9]*)$")
_DECIMAL = re.compile(
    r"^(?:[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_BOOL, _TIME = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"
_INT, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads YAML as people mean it: `no`, `on` and `y` are words (a column, a stop word), as in YAML 1.2, times are
    texts, numbers are decimal, and a key that stands there twice is a mistake.

    To PyYAML the GTIN 0012345012345 is octal, 1402213605, and `12:30` is 750.
    """

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_BOOL, _TIME, _INT, _FLOAT)]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set[str]()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands there twice", key.start_mark)
            seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


_Loader.add_implicit_resolver(_BOOL, _TRUTH, list("tTfF"))
_Loader.add_implicit_resolver(_INT, _WHOLE, list("-+0123456789"))
_Loader.add_implicit_resolver(_FLOAT, _DECIMAL, list("-+0123456789."))


OF_KEY = "[key]"
"""The last part of the location of an error that is about a key, and not about its value."""


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
        return model.model_validate({} if (content := yaml.load(text, _Loader)) is None else content)
    except yaml.YAMLError as error:
        raise Misconfigured(f"{setting}: {name} is no YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise Misconfigured(f"{setting}: {name}: {wrong_field(error)}") from None


def wrong_field(error: ValidationError) -> str:
    """Return the first field that is wrong, and why, in one line."""
    first: Any = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"] if part != OF_KEY)
    why = reason(first)
    if first["type"] == "extra_forbidden":
        why = "there is no such key"
    elif first["type"] == "string_type" and isinstance(first["input"], (bool, int, float)):
        why = f"{first['input']} is no text to YAML: put it in quotes"
    return f"{where}: {why}" if where else why
