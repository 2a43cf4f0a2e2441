"""Rules as records of the topic `rules`, and as lines of files: JSON objects."""

from __future__ import annotations

import orjson
from pydantic import ValidationError

from schemas.errors import InvalidRule
from schemas.rules import Rule
from schemas.setting_files import wrong_field
from workers.words.phrases import WORDS_MAX, forms_of

RULE_BYTES_MAX = 16_384


def read_rule(text: bytes) -> Rule:
    """Return the rule in a JSON object. Raises InvalidRule with the field that is wrong."""
    if len(text) > RULE_BYTES_MAX:
        raise InvalidRule(f"it takes more than {RULE_BYTES_MAX:,} bytes")
    try:
        rule = Rule.model_validate(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise InvalidRule(f"it is no JSON: {error}") from None
    except ValidationError as error:
        raise InvalidRule(wrong_field(error)) from None
    check_words(rule)
    return rule


def read_record(key: bytes | None, value: bytes) -> Rule:
    """Return the rule in a record. Raises InvalidRule, also where its key is not the id of the rule."""
    rule = read_rule(value)
    if key != rule.id.encode():
        raise InvalidRule(f"id: {rule.id} is not the key of the record")
    return rule


def encode_rule(rule: Rule) -> bytes:
    """Return the value of the record of a rule."""
    return orjson.dumps(rule.model_dump(exclude_unset=True))


def check_words(rule: Rule) -> None:
    """Raise InvalidRule for a phrase of a rule that no query can be, or contain."""
    if rule.query is None:
        return
    words = len(forms_of(rule.query))
    if not words:
        raise InvalidRule("query: it has no word")
    if rule.match == "contains" and words > WORDS_MAX:
        raise InvalidRule(f"query: a phrase that queries contain has {WORDS_MAX} words at most, and this one {words}")
