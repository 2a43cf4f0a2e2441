"""`freshline judge` compares two rankings of a stack on queries, with and without judgements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from tests.support.running_commands import freshline, serving
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemas.answers import SearchAnswer
    from schemas.queries import SearchRequest
    from schemas.tokens import Token


class TwoRankings(StandIn):
    """Answers in the opposite order by the ranking `none`."""

    async def search(self, request: SearchRequest, after: Token | None, wait_ms: int) -> SearchAnswer:
        answer = await super().search(request, after, wait_ms)
        return answer.model_copy(update={"hits": answer.hits[::-1]}) if request.ranking == "none" else answer


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[TwoRankings]:
    service = TwoRankings(P1="red cake", P2="blue cake", P3="lamp")
    with serving(service) as address:
        monkeypatch.setenv("FRESHLINE_API", address)
        yield service


@pytest.fixture
def queries(tmp_path: Path) -> str:
    file = tmp_path / "queries"
    file.write_text('{"query_id": "q1", "query": "cake"}\n\nlamp\n')
    return str(file)


def judgements(tmp_path: Path, **grades: object) -> str:
    file = tmp_path / "judgements.jsonl"
    rows = [{"query_id": "q1", "product_id": product, "grade": grade} for product, grade in grades.items()]
    file.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return str(file)


def test_what_moves_is_shown_and_judged_queries_are_measured(
    service: TwoRankings, queries: str, tmp_path: Path
) -> None:
    done = freshline("judge", "none", "current", "--queries", queries, "--judgements", judgements(tmp_path, P1=3))
    assert done.code == 0
    assert "1 of 2 answers differ in the first 10 hits" in done.out
    assert "nDCG@10 of 1 judged: none 0.6309, current 1.0000; current is better for 1, worse for 0" in done.out
    assert [" ".join(line.split()) for line in done.out.splitlines()[-2:]] == [
        "2 -> 1 P1 red cake",
        "1 -> 2 P2 blue cake",
    ]
    assert [(each.q, each.ranking, each.explain) for each, *_ in service.asked] == [
        ("cake", "none", True), ("cake", "current", True), ("lamp", "none", True), ("lamp", "current", True),
    ]  # fmt: skip
    assert {each.limit for each, *_ in service.asked} == {100}, "moves come from far below"


def test_as_json_it_has_every_move(service: TwoRankings, queries: str) -> None:
    found = orjson.loads(freshline("judge", "none", "current", "--queries", queries, "--json").out)
    assert (found["rankings"], found["queries"], found["changed"], found["ndcg"]) == (["none", "current"], 2, 1, None)
    assert found["moves"][0]["moves"][0] == {
        "product_id": "P1", "title": "red cake", "before": 2, "after": 1, "why": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "line 1: it is no JSON"),
        ('{"query": "a"}', "line 1: query_id: is missing"),
        ('{"query_id": 1}', "line 1: query: is missing"),
        ('{"query_id": 1, "query": null}', "line 1: query: is no text"),
        ('{"query_id": 1, "query": " "}', "line 1: query: is no text"),
        ('{"query_id": null, "query": "a"}', "line 1: query_id: is neither a text nor a whole number"),
        ("cake\n" + "a" * 4_001, "line 2: query: is no text of 1 to 4,000 characters"),
    ],
)
def test_a_file_of_queries_that_is_wrong_is_refused_with_its_line(
    service: TwoRankings, tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "queries"
    file.write_text(text)
    done = freshline("judge", "none", "current", "--queries", str(file))
    assert done.code == 2 and reason in done.err and not service.asked


def test_files_that_begin_with_a_byte_order_mark_are_read(service: TwoRankings, tmp_path: Path) -> None:
    queries, judged = tmp_path / "queries", tmp_path / "judged"
    queries.write_text('{"query_id": "q1", "query": "cake"}\n', "utf-8-sig")
    judged.write_text('{"query_id": "q1", "product_id": "P1", "grade": 1}\n', "utf-8-sig")
    rules = tmp_path / "rules"
    rules.write_text(RULE, "utf-8-sig")
    given = ("--queries", str(queries), "--judgements", str(judged), "--rules", str(rules))
    assert "nDCG@10 of 1 judged" in freshline("judge", "none", "current", *given).out
    assert [each.q for each in service.tried] == ["cake"]


def test_judgements_of_other_queries_are_refused(service: TwoRankings, tmp_path: Path) -> None:
    file = written(tmp_path, "queries", "cake\n")
    done = freshline("judge", "none", "current", "--queries", file, "--judgements", judgements(tmp_path, P1=1))
    assert done.code == 2 and not service.asked
    assert f"judges no query of {file}: its first query_id is q1, and the first of the queries is cake" in " ".join(
        done.err.split()
    )


def test_a_judgement_that_is_wrong_is_refused_with_its_line(service: TwoRankings, queries: str, tmp_path: Path) -> None:
    for grade in (-1, "3", 1.5, True):
        done = freshline(
            "judge", "none", "current", "--queries", queries, "--judgements", judgements(tmp_path, P1=grade)
        )
        assert done.code == 2 and "line 1: grade: " in done.err


WEIGHTS = "weights: {rating: {strength: 1}}\nalternatives: {fresher: {weights: {newness: {strength: 2}}}}\n"
RULE = '{"id": "r", "pin": {"product_id": "P1", "position": 1}}\n'


def written(tmp_path: Path, name: str, text: str) -> str:
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


def test_weights_and_rules_of_files_are_tried_for_the_second_ranking_alone(
    service: TwoRankings, queries: str, tmp_path: Path
) -> None:
    weights, rules = written(tmp_path, "w.yaml", WEIGHTS), written(tmp_path, "r.jsonl", f"\n{RULE}")
    given = ("--queries", queries, "--weights", weights, "--rules", rules, "--json")
    found = orjson.loads(freshline("judge", "current", "fresher", *given).out)
    assert found["rankings"] == ["current", f"fresher with {weights}, {rules}"]
    assert [each.ranking for each, *_ in service.asked] == ["current", "fresher"] * 2
    assert [each.q for each in service.tried] == ["cake", "lamp"]
    tried = service.tried[0]
    assert tried.weights is not None and list(tried.weights.alternatives) == ["fresher"] and tried.near is None
    assert tried.rules is not None and [rule.id for rule in tried.rules] == ["r"] and tried.explain


def test_an_empty_file_of_rules_is_no_rules(service: TwoRankings, queries: str, tmp_path: Path) -> None:
    done = freshline("judge", "current", "--queries", queries, "--rules", written(tmp_path, "r.jsonl", ""))
    assert done.code == 0 and [each.rules for each in service.tried] == [[], []]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("current",), "current would be compared with itself: name another SECOND, or --weights"),
        (("current", "dear", "--weights", "{w}"), "has no ranking dear: SECOND may be current, none, unruled, fresher"),
        (("current", "--weights", "{wrong}"), "wrong.yaml: weights.ratings: there is no such key"),
        (("current", "--weights", "{no}"), "cannot open"),
        (("current", "--weights", "{r}x"), "cannot open"),
        (("current", "--rules", "{w}"), "line 1: it is no JSON"),
        (("current", "unruled", "--rules", "{r}"), "unruled has no rules"),
    ],
)
def test_files_that_cannot_be_tried_are_refused_before_anything_is_asked(
    service: TwoRankings, queries: str, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    files = {
        "w": written(tmp_path, "w.yaml", WEIGHTS),
        "r": written(tmp_path, "r.jsonl", RULE),
        "wrong": written(tmp_path, "wrong.yaml", "weights: {ratings: {strength: 1}}"),
        "no": str(tmp_path / "no.yaml"),
    }
    done = freshline("judge", *(each.format(**files) for each in arguments), "--queries", queries)
    assert (done.code, service.asked) == (2, []) and reason in done.err


def test_a_model_that_is_not_there_is_named_before_items_are_read(
    service: TwoRankings, queries: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRESHLINE_KAFKA", "127.0.0.1:1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    done = freshline("judge", "current", "--model", "no/such-model", "--queries", queries)
    assert (done.code, service.tried) == (1, []) and "There is no model 'no/such-model'" in done.err
