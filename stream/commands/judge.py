"""`freshline judge`."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from stream.commands import options
from stream.commands.exits import interruptible
from stream.commands.files import opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from stream.client import Client
    from workers.search.judging import Move

HITS = 10
"""The hits of each ranking that are looked at, and counted by nDCG."""
QUERIES_SHOWN = 5
"""The queries whose moves a person is shown: those with the most. The JSON has all."""
MOVES_SHOWN = 5
GRADE_MAX = 30


class Query(NamedTuple):
    """A query of a file."""

    query_id: str
    text: str


class ComparedQuery(NamedTuple):
    """What two rankings make of one query."""

    query: str
    ndcg: tuple[float, float] | None
    """The nDCG of each; None for a query without a judgement above 0."""
    moves: list[Move]


def judge(
    first: Annotated[str, typer.Argument(help="A ranking: current, none, unruled, or one of `alternatives`.")],
    second: Annotated[str, typer.Argument(help="The ranking that it is compared with.")],
    *,
    queries: Annotated[
        str, typer.Option(metavar="FILE", help="Queries: a text a line, or JSON with query_id and query; - is stdin.")
    ],
    judgements: Annotated[
        str | None, typer.Option(metavar="FILE", help="JSON lines with query_id, product_id and grade from 0 on.")
    ] = None,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Compare two rankings of a running stack on your queries, before shoppers see them.

    Prints nDCG@10 where there are judgements, and for all queries which results move, by how much, and which factors
    and rules move them. The rankings are those of FRESHLINE_RANKING; `none` has no weights, `unruled` no rules.
    """
    from stream.commands.configured import client
    from stream.runtime.printing import print_json

    with opened(queries) as lines:
        asked = _queries(lines)
    grades: Mapping[str, Mapping[str, int]] = {}
    if judgements is not None:
        with opened(judgements) as lines:
            grades = _grades(lines)
    found: list[ComparedQuery] = []
    with interruptible(lambda: f"{len(found)} of {len(asked)} queries were judged"):
        stack = client(api)
        found.extend(_compared(stack, each, (first, second), grades.get(each.query_id, {})) for each in asked)
    if json:
        print_json(_as_json(first, second, found))
    else:
        _show(first, second, found)


def _queries(lines: IO[bytes]) -> list[Query]:
    """Return the queries of a file; a line of text is its own id. Raises WrongUsage."""
    found = []
    for number, line in _texts(lines):
        if not line.startswith("{"):
            found.append(Query(line, line))
            continue
        fields = _fields(number, line, "query_id", "query")
        found.append(Query(str(fields["query_id"]), str(fields["query"])))
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
        found.setdefault(str(fields["query_id"]), {})[str(fields["product_id"])] = grade
    return found


def _texts(lines: IO[bytes]) -> list[tuple[int, str]]:
    from schemas.errors import WrongUsage

    try:
        texts = [(number, line.decode().strip()) for number, line in enumerate(lines, start=1)]
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


def _compared(stack: Client, query: Query, rankings: tuple[str, str], grades: Mapping[str, int]) -> ComparedQuery:
    from workers.search.judging import moves, ndcg

    before, after = (stack.search(q=query.text, limit=HITS, ranking=ranking, explain=True).hits for ranking in rankings)
    judged = None
    if any(grades.values()):
        first, second = (ndcg([hit.product_id for hit in hits], grades, HITS) for hits in (before, after))
        judged = first, second
    return ComparedQuery(query.text, judged, moves(before, after))


def _as_json(first: str, second: str, found: Sequence[ComparedQuery]) -> dict[str, Any]:
    return {
        "rankings": [first, second],
        "queries": len(found),
        "changed": sum(bool(each.moves) for each in found),
        "ndcg": _means(found),
        "moves": [
            {"query": each.query, "ndcg": each.ndcg, "moves": [move._asdict() for move in each.moves]} for each in found
        ],
    }


def _means(found: Sequence[ComparedQuery]) -> list[float] | None:
    judged = [each.ndcg for each in found if each.ndcg is not None]
    return [round(sum(values) / len(judged), 4) for values in zip(*judged, strict=True)] if judged else None


def _show(first: str, second: str, found: Sequence[ComparedQuery]) -> None:
    from stream.runtime.printing import counted, stdout_console

    changed = [each for each in found if each.moves]
    print(f"{len(changed):,} of {counted(len(found), 'answer')} differ in the first {HITS} hits")
    means = _means(found)
    if means is not None:
        judged = [each.ndcg for each in found if each.ndcg is not None]
        better, worse = sum(b > a for a, b in judged), sum(b < a for a, b in judged)
        print(
            f"nDCG@{HITS} of {len(judged):,} judged: {first} {means[0]:.4f}, {second} {means[1]:.4f}; "
            f"{second} is better for {better:,}, worse for {worse:,}"
        )
    for each in sorted(changed, key=lambda each: -len(each.moves))[:QUERIES_SHOWN]:
        print(f"\n{each.query}")
        stdout_console().print(_moves(each.moves))


def _moves(moves: Sequence[Move]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    for move in moves[:MOVES_SHOWN]:
        places = f"{move.before or 'below'} -> {move.after or 'below'}"
        table.add_row(places, move.product_id, move.title or "", ", ".join(move.why))
    if len(moves) > MOVES_SHOWN:
        table.add_row("", f"and {len(moves) - MOVES_SHOWN} more", "", "")
    return table
