from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from schemas.answers import Variants
from schemas.errors import FreshlineError, Unavailable
from schemas.refinements import Refinement
from stream.api.models import Percentiles, RulesStatus
from stream.commands.configured import settings
from stream.commands.current_run import CommandBounds
from stream.commands.following import follow
from stream.runtime.jobs import JobReport
from tests.support.clocks import ManualClock
from tests.support.running_commands import freshline, serving
from tests.support.standing_in import NOW, StandIn
from workers.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator


STARTING = JobReport(
    kind="rebuild", state="running", phase="starting", done=0, total=None, items_per_second=0.0,
    seconds_left=None, error=None, result=None,
)  # fmt: skip


class Started:
    def start(self) -> JobReport:
        return STARTING


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[StandIn, str]]:
    service = StandIn(P1="Chiffon cake", **{"odd/id ?#": "Walnut cake"})
    with serving(service) as address:
        yield service, address


@pytest.fixture
def service(server: tuple[StandIn, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    service, address = server
    monkeypatch.setenv("FRESHLINE_API", address)
    yield service
    service.reasons, service.lag.items, service.away = [], 0, False
    service.wrong, service.reconciled = [], None
    service.freshness = Percentiles(p50=0.012, p99=0.04, events=500)
    service.asked.clear()


def test_search_prints_a_table_that_a_person_can_read(service: StandIn) -> None:
    done = freshline("search", "cake")
    assert done.code == 0
    for wanted in ("Chiffon cake", "8.50 HKD", "WELLCOME 8.50", "4.5 (2)", "ago"):
        assert wanted in done.out
    assert "2 of 2 items, by words and vectors" in done.err


def test_search_as_json_is_the_answer_of_the_api_on_one_line(service: StandIn) -> None:
    done = freshline("search", "cake", "--json")
    assert done.code == 0 and done.err == "" and done.out.count("\n") == 1
    assert json.loads(done.out)["hits"][0]["product_id"] == "P1"


def test_every_flag_of_search_reaches_the_api(service: StandIn) -> None:
    done = freshline(
        "search", "--limit=3", "--offset=1", "--min-price=1", "--max-price=9", "--currency=EUR", "--seller=AEON",
        "--brand=Garden", "--brand=Acme", "--category=Cakes", "--availability=in_stock", "--min-rating=4",
        "--attribute=color:red",
        "--as-typed", "--highlight", "--explain", "--sort=price_asc", "--facets=brand,price", "--group",
        "--after=prices:1:7", "--wait-ms=50", "--json",
    )  # fmt: skip
    assert done.code == 0
    request, after, wait_ms = service.asked[0]
    assert request.model_dump(exclude={"after", "wait_ms"}) == {
        "q": None, "limit": 3, "offset": 1, "min_price": 1, "max_price": 9, "currency": "EUR", "seller": ("AEON",),
        "brand": ("Garden", "Acme"), "category": ("Cakes",), "availability": ("in_stock",), "min_rating": 4,
        "attribute": ("color:red",), "diversity": 0,
        "understand": False, "highlight": True, "explain": True,
        "ranking": None, "compare": None, "seed": None,
        "sort": "price_asc", "facets": ["brand", "price"], "group": True,
    }  # fmt: skip
    assert (str(after), wait_ms) == ("prices:1:7", 50)


def test_a_search_by_a_ranking_or_of_two_reaches_the_api(service: StandIn) -> None:
    assert freshline("search", "cake", "--ranking=none", "--compare=current", "--seed=s1").code == 0
    request, *_ = service.asked[0]
    assert (request.ranking, request.compare, request.seed) == ("none", "current", "s1")


def test_search_says_what_was_understood(service: StandIn) -> None:
    done = freshline("search", "cake under 10")
    assert done.code == 0 and "understood 'under 10' as max_price 10.0" in done.err
    assert "understood" not in freshline("search", "cake under 10", "--as-typed").err


def test_search_says_what_was_meant_and_what_was_done(service: StandIn) -> None:
    done = freshline("search", "cakq")
    assert "did you mean: cake" in done.err and "these are the hits for 'cake'" in done.err


def test_suggest_prints_queries_and_products(service: StandIn) -> None:
    done = freshline("suggest", "chiff", "--limit=1")
    assert (done.code, done.out) == (0, "chiffon cake\nP1: Chiffon cake\n")
    assert "nothing begins with zebra" in freshline("suggest", "zebra").err
    assert json.loads(freshline("suggest", "chiff", "--json").out)["query"] == "chiff"


def test_search_prints_discounts_variants_and_what_the_found_items_have(service: StandIn) -> None:
    service.facets = {
        "category": [
            Refinement(
                value="Food",
                count=1_200,
                filters={"category": "Food"},
                children=[Refinement(value="Cakes", count=7, filters={"category": "Cakes"})],
            )
        ],
        "brand": [Refinement(value=f"B{number}", count=1, filters={}) for number in range(20)],
    }
    service.items["P1"]["variants"] = Variants(count=3, product_ids=["P1", "P3", "P4"])
    service.total_is_exact = False
    done = freshline("search", "cake", "--facets", "category,brand")
    for wanted in ("Food (1,200), Food / Cakes (7)", "B11 (1), and 8 more", "and 2 more", "-5%"):
        assert wanted in done.out, wanted
    assert "2 of at least 2 items" in done.err


def test_an_unknown_facet_is_one_line_that_names_it(service: StandIn) -> None:
    done = freshline("search", "cake", "--facets", "colour")
    assert done.code == 2 and "there is no facet colour: use brand, category" in done.err and done.err.count("\n") == 1


def test_a_search_that_is_not_as_fresh_as_was_asked_exits_10(service: StandIn) -> None:
    for flags in ([], ["--json"]):
        done = freshline("search", "cake", "--after=prices:0:1000", "--wait-ms=1", *flags)
        assert done.code == 10 and "not fresh: the wait ran out before prices:0:1000 was searchable" in done.err


def test_a_wrong_filter_exits_2_with_one_line_that_names_it(service: StandIn) -> None:
    for arguments in (["--min-rating=9"], ["--min-price=cheap"], ["--limit=0"], ["--no-such-flag"]):
        done = freshline("search", "cake", *arguments)
        assert done.code == 2 and done.out == ""
        assert arguments[0].split("=")[0].lstrip("-").replace("-", "_") in done.err.replace("-", "_")


def test_get_shows_an_item_by_any_id(service: StandIn) -> None:
    done = freshline("get", "odd/id ?#")
    assert done.code == 0 and "Walnut cake" in done.out and "visible" in done.out
    assert json.loads(freshline("get", "P1", "--json").out)["indexed"]["status"] == "visible"


def test_get_shows_what_search_reads_of_an_item_and_the_sale_of_an_offer(
    service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    [offer] = service.items["P1"]["offers"]
    sale = {"price": 5.0, "regular_price": 10.0, "discount_percent": 50, "sale_ends_at": "2099-12-29T22:07:00.000Z"}
    monkeypatch.setitem(service.items["P1"], "offers", [offer.model_copy(update=sale | {"currency": "EUR"})])
    monkeypatch.setitem(service.items["P1"], "attributes", {"delivery": "in 3 days", "sizes": ["S", 42]})
    said = " ".join(freshline("get", "P1").out.split())
    assert "attribute delivery in 3 days" in said and 'attribute sizes ["S", 42]' in said
    assert "5.00 EUR instead of 10.00 EUR until 2099-12-29T22:07:00.000Z, changed" in said


def test_get_shows_when_each_facet_changed_at_its_source(service: StandIn) -> None:
    said = " ".join(freshline("get", "P1").out.split())
    assert f"product changed {NOW}, " in said and "reviews changed" not in said


def test_get_says_what_a_limit_leaves_out(service: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "left out" not in freshline("get", "P1").out
    monkeypatch.setitem(service.items["P1"], "left_out", ["attributes", "offers"])
    assert "some of its attributes, offers, by a limit" in " ".join(freshline("get", "P1").out.split())


def test_get_of_what_nobody_heard_of_exits_1_with_one_line(service: StandIn) -> None:
    done = freshline("get", "none-such")
    assert done.code == 1 and done.out == "" and done.err.count("\n") == 1 and "none-such" in done.err


def test_get_of_an_empty_id_exits_2_with_one_line(service: StandIn) -> None:
    done = freshline("get", "")
    assert done.code == 2 and done.out == "" and done.err.count("\n") == 1 and "product_id: " in done.err


def test_status_exits_0_when_nothing_waits_and_10_when_something_does(service: StandIn) -> None:
    done = freshline("status")
    assert done.code == 0 and "nothing" in done.out and "p50 12 ms" in done.out and "prices 3" in done.out
    service.lag.items = 5
    done = freshline("status")
    assert done.code == 10 and "not fresh: 5 events and vectors wait, --max-lag allows 0" in done.err
    assert freshline("status", "--max-lag=5").code == 0
    assert json.loads(freshline("status", "--json").out)["lag_events"] == 5


def test_status_names_the_rules_that_are_refused_and_is_silent_where_there_are_none(service: StandIn) -> None:
    assert "rules" not in freshline("status").out
    service.rules = RulesStatus(in_force=2, refused={"r1": "pin.position: should be more"})
    assert "2 in force; r1 is refused: pin.position: should be more" in " ".join(freshline("status").out.split())


def test_status_says_of_a_window_without_events_that_it_is_one(service: StandIn) -> None:
    service.freshness = Percentiles(p50=None, p99=None, events=0)
    assert "price freshness  nothing in the last 30 s" in freshline("status").out


@pytest.mark.parametrize("form", ["--json", ""])
def test_a_watched_status_is_shown_again_also_while_nothing_answers_until_ctrl_c(
    service: StandIn, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    looks = 0

    def sleep(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise KeyboardInterrupt

    answers = iter([None, Unavailable("nothing answers at X"), None])
    present = service.status

    async def status() -> Any:
        if (error := next(answers)) is not None:
            raise error
        return await present()

    monkeypatch.setattr(service, "status", status)
    monkeypatch.setattr("stream.commands.status.time.sleep", sleep)
    done = freshline("status", "--watch", *([form] if form else []))
    assert done.code == 130 and "the watch is over" in done.err
    if form:
        assert [json.loads(line)["ready"] for line in done.out.splitlines()] == [True, False, True]
    else:
        assert done.out.count("waiting") == 2 and "nothing answers at X" in done.out


def test_status_of_a_stack_that_is_not_ready_exits_10_and_says_why(service: StandIn) -> None:
    service.reasons = ["the model is loading"]
    done = freshline("status")
    assert done.code == 10 and "the model is loading" in done.out


def test_status_of_a_stack_that_does_not_answer_exits_10_and_says_so() -> None:
    bounds = CommandBounds(answer_seconds_max=0.2)
    with socket.socket() as frozen:
        frozen.bind(("127.0.0.1", 0))
        frozen.listen()
        for port, reason in ((frozen.getsockname()[1], "does not answer within"), (9, "nothing answers at")):
            done = freshline("status", "--json", "--api", f"http://127.0.0.1:{port}", bounds=bounds)
            assert done.code == 10 and reason in done.err and done.err.count("\n") == 1
            told = json.loads(done.out)
            assert told["ready"] is False and reason in told["reasons"][0]


def test_status_says_up_to_when_each_topic_is_searchable(service: StandIn) -> None:
    service.fresh_as_of = {"prices": datetime.now(UTC).isoformat(), "reviews": None}
    assert re.search(r"prices \d+ s ago, reviews not known yet", freshline("status").out)


def test_while_the_index_is_away_commands_exit_1_and_say_so_in_one_line(service: StandIn) -> None:
    service.away = True
    done = freshline("search", "cake")
    assert done.code == 1 and "qdrant" in done.err and done.err.count("\n") == 1


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "nonsense", "http://[::1", "ftp://x"])
def test_where_nothing_answers_commands_fail_with_one_line(address: str) -> None:
    done = freshline("search", "cake", "--api", address)
    assert done.code in (1, 2) and done.err.count("\n") == 1 and "Traceback" not in done.err


def test_a_query_that_is_no_text_is_refused_by_its_own_name() -> None:
    done = freshline("search", "lamp\udcff", "--api", "http://127.0.0.1:9")
    assert done.code == 2 and done.err == "freshline: q: 'lamp\\udcff' is not UTF-8 text\n"


def test_a_flag_goes_before_the_environment_and_that_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings().api_port == 8765
    monkeypatch.setenv("FRESHLINE_API_PORT", "9000")
    assert settings().api_port == 9000
    assert settings(api_port=9001).api_port == 9001


def test_a_setting_that_cannot_be_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRESHLINE_API_PORT", "many")
    done = freshline("search", "cake")
    assert done.code == 1 and "FRESHLINE_API_PORT" in done.err and done.err.count("\n") == 1


def test_schema_names_them_all_and_prints_each() -> None:
    names = json.loads(freshline("schema", "--json").out)
    assert {"products", "prices", "reviews"} <= set(names)
    for name in names:
        assert "properties" in freshline("schema", name).out
    assert freshline("schema", "none-such").code == 2


def test_help_is_quick_because_nothing_heavy_is_imported_for_it() -> None:
    heavy = "faust", "torch", "pydantic", "kafka", "httpx", "fastapi", "qdrant_client", "orjson"
    program = "import sys, stream.commands.app as a; print([m for m in sys.argv[1:] if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", program, *heavy], capture_output=True, text=True).stdout.strip() == "[]"
    )


def test_reconcile_exits_10_while_something_is_wrong_and_names_it(service: StandIn) -> None:
    done = freshline("reconcile")
    assert done.code == 0 and "up to date" in done.out and "1,000 in the index" in done.err
    service.wrong = ["P9"]
    done = freshline("reconcile")
    assert done.code == 10 and "missing" in done.out and "P9" in done.out


def test_reconcile_exits_by_what_is_left_after_a_repair(service: StandIn) -> None:
    assert freshline("reconcile", "--repair").code == 0
    service.wrong = ["P9"]
    done = freshline("reconcile", "--repair")
    assert done.code == 10 and "still wrong" in done.err
    as_json = freshline("reconcile", "--repair", "--json")
    assert as_json.code == 10 and as_json.err == ""
    assert json.loads(as_json.out)["left"]["examples"]["missing"] == [{"product_id": "P9", "detail": ""}]


def test_long_work_is_asked_for_again_where_the_process_that_did_it_is_another(service: StandIn) -> None:
    service.restarts = 2
    done = freshline("reconcile")
    assert done.code == 0 and "up to date" in done.out


def test_long_work_says_in_lines_how_far_it_is_where_there_is_no_terminal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    clock = ManualClock(1_000.0)
    steps = [("starting", None, 0), ("filling", 0, 0), ("filling", 500, 1), ("filling", 900, 11), ("checking", 5, 12)]

    class Work(Started):
        def report(self) -> JobReport:
            """Return a report that is a step further each time."""
            if not steps:
                return STARTING.model_copy(update={"state": "done", "result": {"items": 1_000}})
            phase, done, now = steps.pop(0)
            clock.now_s = 1_000.0 + now
            far = {"done": done or 0, "total": done and 1_000, "items_per_second": 50.0}
            return STARTING.model_copy(update={"phase": phase, **far})

    followed = follow(Work(), quiet=False, clock=clock, look_interval_s=0)
    assert followed == {"items": 1_000}
    said = capfd.readouterr().err.splitlines()
    assert said == ["filling", "filling: 900 of 1,000, 50/s", "checking: 5 of 1,000, 50/s"]


def test_long_work_that_is_refused_as_it_starts_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    failed = STARTING.model_copy(update={"state": "failed", "error": "there is no such model"})
    reports = [STARTING, failed]

    class Work(Started):
        def report(self) -> JobReport:
            return reports.pop(0)

    with pytest.raises(FreshlineError, match=r"^there is no such model$"):
        follow(Work(), quiet=False, clock=SystemClock())
    assert capfd.readouterr().err == ""


def test_a_second_rebuild_at_once_is_one_line_and_exit_1(service: StandIn) -> None:
    done = freshline("rebuild")
    assert done.code == 1 and "a rebuild runs already" in done.err and done.err.count("\n") == 1


def test_a_second_reconcile_at_once_is_one_line_and_exit_1(service: StandIn) -> None:
    freshline("reconcile")
    assert service.reconciled is not None
    service.reconciled.state = "running"
    done = freshline("reconcile")
    assert done.code == 1 and "runs already" in done.err and done.err.count("\n") == 1
