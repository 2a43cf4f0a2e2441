"""Who runs the model next."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from workers.embedder.turns import QUERIES_IN_A_ROW_MAX, QUIET_SECONDS, Turns


def served(turns: Turns, waiting: list[str]) -> list[str]:
    """In which order those are served that wait, in this order of arrival, while a batch of documents runs."""
    order: list[str] = []

    def take(kind: str) -> None:
        with turns.query() if kind == "query" else turns.documents():
            order.append(kind)

    with ThreadPoolExecutor(len(waiting)) as threads, turns.documents():
        for kind in waiting:
            threads.submit(take, kind)
        settled = threading.Event()
        while turns.waiting < len(waiting):
            assert not settled.wait(0.001)
    return order


def test_queries_go_ahead_of_documents_that_came_first() -> None:
    assert served(Turns(), ["documents", "documents", "query", "query"])[:2] == ["query", "query"]


def test_documents_have_their_turn_after_a_row_of_queries() -> None:
    order = served(Turns(), ["documents"] + ["query"] * (QUERIES_IN_A_ROW_MAX + 8))
    assert order.index("documents") == QUERIES_IN_A_ROW_MAX


def test_one_at_a_time() -> None:
    turns, inside, most = Turns(), 0, 0

    def take(query: bool) -> None:
        nonlocal inside, most
        for _ in range(50):
            with turns.query() if query else turns.documents():
                inside += 1
                most = max(most, inside)
                inside -= 1

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(take, [True, False] * 3))
    assert most == 1


def test_a_turn_ends_also_when_its_work_raises() -> None:
    turns = Turns()
    for _ in range(2):
        try:
            with turns.documents():
                raise ValueError
        except ValueError:
            pass
    with turns.query():
        pass


def test_it_is_quiet_when_no_query_came_lately() -> None:
    now = [0.0]
    turns = Turns(clock=lambda: now[0])
    assert turns.quiet
    with turns.query():
        pass
    assert not turns.quiet
    now[0] = QUIET_SECONDS
    assert turns.quiet
