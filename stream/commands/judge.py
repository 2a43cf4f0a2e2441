"""`freshline judge`."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from schemas.errors import WrongUsage
from stream.commands import options
from stream.commands.exits import interruptible
from stream.commands.judge_files import Query, read_asked, trial_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from schemas.answers import Hit
    from stream.client import Client
    from stream.commands.judge_model import Near
    from workers.search.judging import Move

HITS = 10
"""The hits of each ranking that are looked at, and counted by nDCG."""
HITS_READ = 100
"""The hits that are read, so that most moves have both places, and the factors of both."""
QUERIES_SHOWN = 5
"""The queries whose moves a person is shown: those with the most. The JSON has all."""
MOVES_SHOWN = 5


Queries = Annotated[
    str, typer.Option(metavar="FILE", help="Queries: a text a line, or JSON with query_id and query; - is stdin.")
]
Judgements = Annotated[
    str | None, typer.Option(metavar="FILE", help="JSON lines with query_id, product_id and grade from 0 on.")
]
TriedWeights = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="SECOND is one of this file, which is like that of FRESHLINE_RANKING."),
]
TriedRules = Annotated[
    str | None, typer.Option(metavar="FILE", help="SECOND has these rules, one a line as for `rules put`.")
]
TriedModel = Annotated[str | None, typer.Option(help="SECOND has the vectors of this model, given by name or folder.")]


class ComparedQuery(NamedTuple):
    """The results of two rankings for one query."""

    query: str
    ndcg: tuple[float, float] | None
    """The nDCG of each; None for a query without a judgement above 0."""
    moves: list[Move]


class ComparedRanking(NamedTuple):
    """One of the two rankings that are compared, and what it has that the stack has not."""

    ranking: str
    label: str
    given: Mapping[str, Any] = MappingProxyType({})
    """Weights and rules, as parameters of a trial."""
    near: Near | None = None
    """By query, the products that the vectors of its model find; None: those that the vectors of the stack find."""


def judge(
    first: Annotated[str, typer.Argument(help="A ranking: current, none, unruled, or one of `alternatives`.")],
    second: Annotated[str, typer.Argument(help="The ranking that it is compared with.")] = "current",
    *,
    queries: Queries,
    judgements: Judgements = None,
    weights: TriedWeights = None,
    rules: TriedRules = None,
    model: TriedModel = None,
    api: options.Api = None,
    kafka: options.Kafka = None,
    json: options.AsJson = False,
) -> None:
    """Compare two rankings of a running stack on your queries, before shoppers see them.

    Prints nDCG@10 where there are judgements, and for all queries which results move, by how much, and which factors
    and rules move them. The rankings are those of FRESHLINE_RANKING; `none` has no weights, `unruled` no rules.

    With --weights, --rules or --model the second ranking has what is in these files, or the vectors of that model, and
    nothing of it comes into force. --model embeds items here, at most 5,000, by both models; queries run as typed.
    """
    from stream.commands.configured import client
    from stream.runtime.printing import print_json

    given = trial_parameters(second, weights, rules)
    if first == second and not given and model is None:
        raise WrongUsage(
            f"{first} would be compared with itself: name another SECOND, or --weights, --rules or --model"
        )
    asked, grades = read_asked(queries, judgements)
    label = " with ".join([second, *([", ".join(filter(None, (weights, rules, model)))] if given or model else [])])
    sides = ComparedRanking(first, first), ComparedRanking(second, label, given)
    found: list[ComparedQuery] = []
    with interruptible(lambda: f"{len(found)} of {len(asked)} queries were judged"):
        stack = client(api)
        if model is not None:
            sides = _with_models(sides, stack, kafka, model, asked, grades)
        found.extend(_compared(stack, each, sides, grades.get(each.query_id, {})) for each in asked)
    if json:
        print_json(_as_json(first, label, found))
    else:
        _show(first, label, found)


def _with_models(
    sides: tuple[ComparedRanking, ComparedRanking],
    stack: Client,
    kafka: str | None,
    model: str,
    asked: Sequence[Query],
    grades: Mapping[str, Mapping[str, int]],
) -> tuple[ComparedRanking, ComparedRanking]:
    """Return both sides with what the model that serves, and this one, find for the queries."""
    from stream.commands.configured import with_brokers
    from stream.commands.judge_model import try_model
    from stream.commands.progress_bar import progress_bar
    from stream.runtime.printing import counted, say

    judged = [product_id for of_query in grades.values() for product_id in of_query]
    with progress_bar("{task.description}", hidden=False) as bar:
        task = bar.add_task("")
        tell = partial(bar.update, task)
        texts = [each.text for each in asked]
        tried = try_model(stack, with_brokers(kafka), model, texts, judged, lambda told: tell(description=told))
    if tried.embedded < tried.items:
        say(
            f"with both, vectors find only the {counted(tried.embedded, 'item')} that were embedded, of {tried.items:,}"
        )
    first, second = (side._replace(near=near) for side, near in zip(sides, tried.near, strict=True))
    return first, second


def _hits(stack: Client, query: str, side: ComparedRanking) -> list[Hit]:
    """Return the first hits of a ranking. Nothing is tried where the stack itself has all of it."""
    asked = {"q": query, "limit": HITS_READ, "ranking": side.ranking, "explain": True, **side.given}
    if side.near is not None:
        asked |= {"near": side.near[query], "understand": False}
    return (stack.trial if side.given or side.near is not None else stack.search)(**asked).hits


def _compared(
    stack: Client, query: Query, sides: tuple[ComparedRanking, ComparedRanking], grades: Mapping[str, int]
) -> ComparedQuery:
    from workers.search.judging import moves, ndcg

    before, after = (_hits(stack, query.text, side) for side in sides)
    judged = None
    if any(grades.values()):
        first, second = (ndcg([hit.product_id for hit in hits], grades, HITS) for hits in (before, after))
        judged = first, second
    return ComparedQuery(query.text, judged, moves(before, after, HITS))


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
    differ = "differs" if len(found) == 1 else "differ"
    print(f"{len(changed):,} of {counted(len(found), 'answer')} {differ} in the first {HITS} hits")
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
