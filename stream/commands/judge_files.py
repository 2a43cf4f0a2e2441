"""The files that `freshline judge` reads."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from stream.commands.files import opened
from stream.commands.rule_lines import read_rule_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.rules import Rule
    from workers.merchandising.weights import RankingFile

GRADE_MAX = 30


class Query(NamedTuple):
    """A query of a file."""

    query_id: str
    text: str


def read_asked(queries: str, judgements: str | None) -> tuple[list[Query], Mapping[str, Mapping[str, int]]]:
    """Return the queries of a file, and the grades of another one by query and product. Raises WrongUsage."""
    from schemas.errors import WrongUsage

    with opened(queries) as lines:
        asked = _queries(lines)
    if judgements is None:
        return asked, {}
    with opened(judgements) as lines:
        grades = _grades(lines)
    if grades and grades.keys().isdisjoint(query.query_id for query in asked):
        raise WrongUsage(
            f"{judgements} judges no query of {queries}: its first query_id is {next(iter(grades))}, and the first of "
            f"the queries is {asked[0].query_id if asked else 'missing'}"
        )
    return asked, grades


def trial_parameters(ranking: str, weights: str | None, rules: str | None) -> dict[str, Any]:
    """Return the parameters of a trial by these files. Raises WrongUsage, also if they have no such ranking."""
    from schemas.errors import WrongUsage
    from workers.merchandising.weights import IN_FORCE, UNRULED, UNWEIGHED

    given: dict[str, Any] = {}
    if weights is not None:
        given["weights"] = _weights(weights)
        known = [IN_FORCE, UNWEIGHED, UNRULED, *given["weights"].alternatives]
        if ranking not in known:
            raise WrongUsage(f"{weights} has no ranking {ranking}: SECOND may be {', '.join(known)}")
    if rules is not None:
        if ranking == UNRULED:
            raise WrongUsage("unruled has no rules: leave --rules out, or name another SECOND")
        given["rules"] = _rules(rules)
    return given


def _weights(file: str) -> RankingFile:
    """Return the rankings of a file of weights. Raises WrongUsage with the field that is wrong."""
    from schemas.errors import Misconfigured, WrongUsage
    from schemas.setting_files import parse_setting_file
    from workers.merchandising.weights import RankingFile

    with opened(file) as lines:
        text = lines.read()
    try:
        return parse_setting_file(text.decode(), RankingFile, "--weights", file)
    except UnicodeDecodeError:
        raise WrongUsage(f"--weights: {file} is not UTF-8 text") from None
    except Misconfigured as error:
        raise WrongUsage(str(error)) from None


def _rules(file: str) -> list[Rule]:
    """Return the rules of a file. Raises WrongUsage with the line that is wrong."""
    from schemas.errors import InvalidRule, WrongUsage

    try:
        with opened(file) as lines:
            return read_rule_lines(lines)
    except InvalidRule as error:
        raise WrongUsage(f"--rules: {file}: {error}") from None


def _queries(lines: IO[bytes]) -> list[Query]:
    """Return the queries of a file; a line of text is its own id. Raises WrongUsage."""
    from schemas.errors import WrongUsage
    from schemas.queries import QUERY_CHARS_MAX

    found = []
    for number, line in _texts(lines):
        query_id, text = line, line
        if line.startswith("{"):
            fields = _fields(number, line, "query_id", "query")
            query_id, text = _id(number, fields, "query_id"), fields["query"]
        if not isinstance(text, str) or not text.strip() or len(text) > QUERY_CHARS_MAX:
            raise WrongUsage(f"line {number}: query: is no text of 1 to {QUERY_CHARS_MAX:,} characters")
        found.append(Query(query_id, text))
    return found


def _grades(lines: IO[bytes]) -> dict[str, dict[str, int]]:
    """Return the grades by query and product. Raises WrongUsage."""
    from schemas.errors import WrongUsage

    found: dict[str, dict[str, int]] = {}
    for number, line in _texts(lines):
        fields = _fields(number, line, "query_id", "product_id", "grade")
        grade = fields["grade"]
        if type(grade) is not int or not 0 <= grade <= GRADE_MAX:
            raise WrongUsage(f"line {number}: grade: {grade!r} is no whole number from 0 to {GRADE_MAX}")
        of_query = found.setdefault(_id(number, fields, "query_id"), {})
        of_query[_id(number, fields, "product_id")] = grade
    return found


def _id(number: int, fields: Mapping[str, Any], name: str) -> str:
    """Return an id of a line, which may be written as a number. Raises WrongUsage if it is neither."""
    from schemas.errors import WrongUsage

    if type(fields[name]) not in (str, int):
        raise WrongUsage(f"line {number}: {name}: is neither a text nor a whole number")
    return str(fields[name])


def _texts(lines: IO[bytes]) -> list[tuple[int, str]]:
    from schemas.errors import WrongUsage

    try:
        texts = [(number, line.removeprefix(BOM_UTF8).decode().strip()) for number, line in enumerate(lines, start=1)]
    except UnicodeDecodeError:
        raise WrongUsage("the file is not UTF-8 text") from None
    return [(number, text) for number, text in texts if text]


def _fields(number: int, line: str, *names: str) -> dict[str, Any]:
    import orjson

    from schemas.errors import WrongUsage

    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise WrongUsage(f"line {number}: it is no JSON: {error}") from None
    for name in names:
        if not isinstance(fields, dict) or name not in fields:
            raise WrongUsage(f"line {number}: {name}: is missing")
    return dict(fields)
