from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from schemas.queries import QUERY_CHARS_MAX
from schemas.refinements import Refinement
from schemas.tokens import Token
from stream.api.addressing import REPEATABLE
from tests.support.api_client import api_client
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx


@pytest.fixture
def service() -> StandIn:
    return StandIn(P1="Chiffon cake", P2="Walnut cake", **{"odd/id ?#": "Odd", "line\nend": "Odd"})


@pytest.fixture
async def client(service: StandIn) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(service, raises=False) as client:
        yield client


async def test_a_search_answers_hits_with_their_offers_and_the_times_since_when_they_are_searchable(
    client: httpx.AsyncClient,
) -> None:
    answer = (await client.get("/search", params={"q": "cake", "limit": 1})).json()
    assert answer["query"] == "cake" and answer["total"] == 2 and answer["fresh"] is True
    (hit,) = answer["hits"]
    assert hit["product_id"] == "P1" and hit["offers"][0]["price"] == 8.5 and hit["score"] == 1.0
    assert set(hit["searchable_at"]) == {"product", "price", "reviews"}


async def test_an_answer_says_what_was_understood_of_the_query(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/search", params={"q": "cake under 10"})).json()
    guess = {"words": "under 10", "filters": {"max_price": 10.0}, "used": "filter", "why": None}
    assert answer["understood"] == {"text": "cake", "guesses": [guess]}
    off = (await client.get("/search", params={"q": "cake under 10", "understand": "false"})).json()
    assert off["understood"] is None


async def test_a_hit_says_which_of_its_words_matched(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/search", params={"q": "chiffon", "highlight": "true"})).json()
    title = [{"text": "Chiffon", "matched": True}, {"text": " cake", "matched": False}]
    assert answer["hits"][0]["highlights"] == {"title": title, "description": []}
    assert (await client.get("/search?q=chiffon")).json()["hits"][0]["highlights"] is None


async def test_suggestions_have_queries_and_products(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/suggest", params={"q": "walnut"})).json()
    assert answer["queries"] == ["walnut cake"]
    assert answer["products"] == [{"product_id": "P2", "title": "Walnut cake"}]


@pytest.mark.parametrize(
    ("query", "field"), [("", "q"), ("q=", "q"), ("q=" + "x" * 101, "q"), ("q=a&limit=0", "limit"), ("q=a&x=1", "x")]
)
async def test_a_wrong_parameter_of_suggest_is_a_422_that_names_it(
    client: httpx.AsyncClient, query: str, field: str
) -> None:
    answer = await client.get("/suggest?" + query)
    assert answer.status_code == 422 and answer.json()["error"]["field"] == field


async def test_sort_facets_and_group_reach_the_search(client: httpx.AsyncClient, service: StandIn) -> None:
    asked = "q=a&sort=price_asc&group=true&facets=brand,%20price,brand&facets=attributes.color,"
    assert (await client.get(f"/search?{asked}")).status_code == 200
    request = service.asked[0][0]
    assert (request.sort, request.group) == ("price_asc", True)
    assert request.facets == ["brand", "price", "attributes.color"]


async def test_an_unknown_facet_is_named_with_the_known_ones(client: httpx.AsyncClient) -> None:
    message = (await client.get("/search?q=a&facets=colour")).json()["error"]["message"]
    assert message == (
        "facets: there is no facet colour: use brand, category, seller, availability, price, rating, or "
        "attributes.NAME of an attribute"
    )


async def test_an_answer_has_its_refinements_and_says_whether_its_total_is_exact(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    service.facets = {"brand": [Refinement(value="Garden", count=2, filters={"brand": "Garden"})]}
    service.total_is_exact = False
    answer = (await client.get("/search?q=cake&facets=brand")).json()
    assert (answer["total"], answer["total_is_exact"], answer["facets_are_exact"]) == (2, False, True)
    assert answer["facets"] == {
        "brand": [{"value": "Garden", "count": 2, "filters": {"brand": "Garden"}, "children": []}]
    }


async def test_every_filter_reaches_the_search_with_its_type(client: httpx.AsyncClient, service: StandIn) -> None:
    filters: dict[str, Any] = {
        "min_price": 1.5,
        "max_price": 20.0,
        "currency": "EUR",
        "seller": "AEON",
        "brand": "Garden",
        "category": "Cakes",
        "availability": "in_stock",
        "attribute": "color:red",
        "min_rating": 4.0,
    }
    assert (await client.get("/search", params=filters)).status_code == 200
    several = {"seller", "brand", "category", "availability", "attribute"}
    wanted = {name: (value,) if name in several else value for name, value in filters.items()}
    assert service.asked[0][0].filters.model_dump() == wanted


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=", "q"),
        ("q=%20", "q"),
        ("q=" + "x" * 5_000, "q"),
        ("", "q"),
        ("q=a&min_price=cheap", "min_price"),
        ("q=a&min_price=-1", "min_price"),
        ("q=a&max_price=inf", "max_price"),
        ("q=a&max_price=1_000", "max_price"),
        ("q=a&limit=1_0", "limit"),
        ("q=a&after=prices:0:1&wait_ms=1_0", "wait_ms"),
        ("q=a&min_price=nan", "min_price"),
        ("q=a&min_price=20&max_price=10", "min_price"),
        ("q=a&availability=maybe", "availability"),
        ("q=a&min_rating=6", "min_rating"),
        ("q=a&limit=0", "limit"),
        ("q=a&limit=101", "limit"),
        ("q=a&offset=-1", "offset"),
        ("q=a&sort=price", "sort"),
        ("q=a&sort=attributes.", "sort"),
        ("q=a&understand=maybe", "understand"),
        ("sort=price_asc", "q"),
        ("q=a&facets=brand,colour", "facets"),
        ("q=a&facets=attributes.", "facets"),
        ("q=a&facets=attributes." + "x" * 200, "facets"),
        ("q=a&facets=" + ",".join(f"attributes.a{n}" for n in range(17)), "facets"),
        ("q=a&group=perhaps", "group"),
        ("q=a&after=prices", "after"),
        ("q=a&after=items:0:1", "after"),
        ("q=a&after=prices:0:-1", "after"),
        ("q=a&after=prices:9:1", "after"),
        ("q=a&after=prices:0:1@another-log", "after"),
        ("q=a&after=prices:0:1@", "after"),
        ("q=a&wait_ms=forever", "wait_ms"),
        ("q=a&wait_ms=60000", "wait_ms"),
    ],
)
async def test_a_wrong_parameter_is_a_422_that_names_it_in_one_sentence(
    client: httpx.AsyncClient, query: str, field: str
) -> None:
    answer = await client.get("/search?" + query)
    error = answer.json()["error"]
    assert answer.status_code == 422
    assert error["field"] == field and error["message"].startswith(field + ": ") and "\n" not in error["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/items/P1"),
        ("GET", "/status"),
        ("GET", "/rebuild"),
        ("POST", "/rebuild"),
        ("POST", "/rebuild/rollback"),
        ("POST", "/rebuild/finish"),
        ("GET", "/reconcile"),
        ("POST", "/reconcile"),
    ],
)
async def test_an_unknown_parameter_of_a_route_is_refused_before_any_work_begins(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path, params={"repiar": "true"})
    assert answer.status_code == 422
    assert answer.json()["error"] == {"field": "repiar", "message": "repiar: there is no such parameter"}


@pytest.mark.parametrize("path", ["/rebuild", "/rebuild/rollback", "/rebuild/finish", "/reconcile"])
async def test_a_body_is_refused_by_routes_without_one_before_any_work_begins(
    client: httpx.AsyncClient, service: StandIn, path: str
) -> None:
    answer = await client.post(path, json={"dry_run": True, "repair": True})
    assert answer.status_code == 422 and answer.json()["error"]["field"] == "body"
    assert "belong in the URL" in answer.json()["error"]["message"]
    assert service.report("rebuild") is None and service.report("reconcile") is None


async def test_a_token_reaches_the_search_and_an_answer_that_is_not_fresh_says_so(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    late = await client.get("/search", params={"q": "cake", "after": "prices:3:4711", "wait_ms": 250})
    assert late.status_code == 200 and late.json()["fresh"] is False
    assert service.asked[0][1:] == (Token("prices", 3, 4711), 250)


async def test_progress_says_whether_an_event_is_searchable(client: httpx.AsyncClient) -> None:
    assert (await client.get("/progress?after=prices:3:99")).json() == {
        "after": "prices:3:99@log-1",
        "searchable": True,
    }
    assert (await client.get("/progress?after=prices:3:100")).json()["searchable"] is False
    assert (await client.get("/progress")).json()["error"]["field"] == "after"


@pytest.mark.parametrize(
    "path", ["/items/P1", "/items/%20P1%20", "/items/P%E2%80%8B1", "/items/odd%2Fid%20%3F%23", "/items/line%0Aend"]
)
async def test_an_item_is_found_by_any_id_its_shop_uses(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.json()["indexed"]["status"] == "visible"
    assert answer.json()["product_id"] == answer.json()["indexed"]["product_id"]


@pytest.mark.parametrize("path", ["/items/none-such", "/nowhere", "/items"])
async def test_an_unknown_item_or_path_is_a_404_with_one_sentence(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404 and answer.json()["error"]["message"]


async def test_the_life_of_a_product_is_told_by_any_id_and_unknown_ones_are_a_404(client: httpx.AsyncClient) -> None:
    for path in ("/products/P1/life", "/products/odd%2Fid%20%3F%23/life", "/products/%20P1%E2%80%8B/life"):
        answer = await client.get(path)
        assert answer.status_code == 200 and answer.json()["product_id"] == answer.json()["indexed"]["product_id"]
    assert (await client.get("/products/%20/life")).status_code == 404
    unknown = await client.get("/products/never/life")
    assert unknown.status_code == 404 and "never" in unknown.json()["error"]["message"]


async def test_a_query_is_explained_with_its_filters(client: httpx.AsyncClient) -> None:
    answer = await client.get("/explain", params={"q": "cake", "product_id": " P1", "max_price": 5})
    assert answer.json()["in_index"] is True
    assert answer.status_code == 200 and answer.json()["filters"][0]["name"] == "max_price"
    for wrong in (
        {"product_id": "P1"},
        {"q": "cake"},
        {"q": "x" * 5_000, "product_id": "P1"},
        {"q": " ", "product_id": "P1"},
    ):
        refused = await client.get("/explain", params=wrong)
        assert refused.status_code == 422 and refused.json()["error"]["message"]


async def test_a_wrong_method_is_a_405_in_the_same_form(client: httpx.AsyncClient) -> None:
    answer = await client.post("/search")
    assert answer.status_code == 405 and answer.json()["error"]["message"]


async def test_while_the_index_is_away_a_search_is_a_503_that_says_why(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    service.away = True
    answer = await client.get("/search?q=cake")
    assert answer.status_code == 503 and "qdrant" in answer.json()["error"]["message"]


async def test_a_bug_is_a_500_without_a_traceback(
    client: httpx.AsyncClient, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(product_id: str) -> Any:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(service, "item", broken)
    answer = await client.get("/items/P1")
    assert answer.status_code == 500 and "secret" not in answer.text


async def test_status_adds_up_the_events_that_wait_at_any_stage(client: httpx.AsyncClient, service: StandIn) -> None:
    assert (await client.get("/status")).json()["lag_events"] == 0
    service.lag.inputs = {"products": 1, "prices": 2}
    service.lag.items, service.lag.vectors_due, service.lag.sale_boundaries = 3, 4, 5
    status = (await client.get("/status")).json()
    assert status["lag_events"] == 15 and status["lag"]["inputs"] == {"products": 1, "prices": 2}


async def test_readyz_says_why_it_is_not_ready_while_livez_stays_well(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    assert (await client.get("/readyz")).status_code == 200
    service.reasons = ["the model is loading"]
    unready = await client.get("/readyz")
    assert unready.status_code == 503 and unready.json()["error"]["message"] == "the model is loading"
    assert (await client.get("/livez")).status_code == 200


async def test_a_reconciliation_is_started_watched_and_not_run_twice_at_once(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    assert (await client.get("/reconcile")).status_code == 404
    service.wrong = ["P9"]
    started = await client.post("/reconcile?repair=true")
    assert started.status_code == 202 and started.json()["state"] == "running"
    report = (await client.get("/reconcile")).json()
    assert report["state"] == "done" and report["result"]["left"]["faults"] == 1
    assert service.reconciled is not None
    service.reconciled.state = "running"
    busy = await client.post("/reconcile")
    assert busy.status_code == 409 and "runs already" in busy.json()["error"]["message"]
    assert (await client.post("/reconcile?repair=maybe")).json()["error"]["field"] == "repair"


async def test_metrics_are_in_the_prometheus_format(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain") and "freshline_lag_events" in answer.text


async def test_the_page_shows_prices_offers_and_freshness(client: httpx.AsyncClient) -> None:
    assert 'name="q"' in (await client.get("/search-page")).text
    page = (await client.get("/search-page?q=cake")).text
    assert "Chiffon <mark>cake</mark>" in page
    for wanted in ("8.50 HKD", "WELLCOME", "2 for $14.00", "rated 4.5 in 2 reviews", "price ", " ago"):
        assert wanted in page


async def test_the_page_links_to_refinements_and_to_the_search_without_a_filter(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    service.facets = {
        "brand": [
            Refinement(value="Garden & Co", count=1_200, filters={"brand": "Garden & Co"}),
            Refinement(value="Acme", count=7, filters={"brand": "Acme"}),
        ],
        "price": [Refinement(value="-49.99", count=3, filters={"max_price": 49.99})],
        "seller": [],
    }
    service.total_is_exact = False
    page = (await client.get("/search-page?q=cake&brand=acme&min_price=2&sort=rating&seller=")).text
    link = "/search-page?q=cake&amp;sort=rating"
    for wanted in (
        "At least 2 items",
        link.replace("?", "?min_price=2.0&amp;brand=acme&amp;brand=Garden+%26+Co&amp;")
        + '"><bdi>Garden &amp; Co</bdi>',
        ">1,200</span>",
        'aria-current="true"><bdi>Acme</bdi></a>',
        ">up to 49.99</bdi></a>",
        f'class="chosen" href="{link.replace("?", "?min_price=2.0&amp;")}">brand: <bdi>acme',
        f'class="chosen" href="{link.replace("?", "?brand=acme&amp;")}">min price: <bdi>2.0',
        '<option value="rating" selected>',
        '<input type="hidden" name="brand" value="acme">',
    ):
        assert wanted in page, wanted
    assert "Seller" not in page
    assert service.asked[0][0].seller is None and service.asked[0][0].sort == "rating"


async def test_the_page_says_what_is_wrong_with_a_search(client: httpx.AsyncClient, service: StandIn) -> None:
    answer = await client.get("/search-page?q=cake&min_price=9&max_price=2")
    assert answer.status_code == 422 and "min_price: 9.0 is above max_price 2.0" in answer.text
    service.currencies = 2
    answer = await client.get("/search-page?q=cake&sort=price_asc")
    assert answer.status_code == 422 and "sort: name a currency" in answer.text and 'name="q"' in answer.text
    assert (await client.get("/search-page?q=cake")).status_code == 200
    assert "price" not in service.asked[-1][0].facets and "brand" in service.asked[-1][0].facets


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("q=" + "a" * 5_000, f"q: should have at most {QUERY_CHARS_MAX} characters"),
        ("q=cake&min_price=cheap", "min_price: should be a valid number"),
        ("q=cake&sort=bogus", "sort: there is no order bogus: use relevance, "),
        ("q=cake&colour=red", "colour: there is no such parameter"),
    ],
)
async def test_who_asks_the_page_for_what_it_cannot_do_reads_a_sentence_on_it(
    client: httpx.AsyncClient, asked: str, sentence: str
) -> None:
    answer = await client.get(f"/search-page?{asked}")
    assert answer.status_code == 422 and answer.headers["content-type"].startswith("text/html")
    assert f'<p role="alert" class="bad">{sentence}' in answer.text and 'name="q"' in answer.text


async def test_while_the_index_is_away_the_page_says_why(client: httpx.AsyncClient, service: StandIn) -> None:
    service.away = True
    answer = await client.get("/search-page?q=cake")
    assert answer.status_code == 503 and "does not answer; searches work again once it does" in answer.text
    assert 'name="q" value="cake"' in answer.text


async def test_the_page_browses_by_a_filter_alone(client: httpx.AsyncClient, service: StandIn) -> None:
    assert "4 items, by" in (await client.get("/search-page?q=&brand=Garden")).text
    assert (service.asked[0][0].q, service.asked[0][0].brand) == (None, ("Garden",))


@pytest.mark.parametrize(
    "asked",
    [
        "/search?q=x&q=y",
        "/search?q=x&after=prices:0:1&after=prices:1:1",
        "/explain?q=x&product_id=P1&product_id=P2",
        "/items/P1/similar?limit=1&limit=2",
    ],
)
async def test_a_parameter_of_one_value_is_not_taken_twice(client: httpx.AsyncClient, asked: str) -> None:
    answer = await client.get(asked)
    assert answer.status_code == 422 and answer.json()["error"]["message"].endswith("is there 2 times: give it once")


async def test_the_parameters_that_may_be_there_several_times_are_those_that_are_lists(
    client: httpx.AsyncClient,
) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    several = {
        parameter["name"]
        for path in paths.values()
        for parameter in path.get("get", {}).get("parameters", ())
        if '"type": "array"' in json.dumps(parameter["schema"])
    }
    assert several == REPEATABLE


async def test_the_description_of_the_api_has_the_one_form_of_errors_for_every_route(client: httpx.AsyncClient) -> None:
    """Clients that are generated from it read the sentence of a refusal; FastAPI's own form is answered by no route."""
    api = (await client.get("/openapi.json")).json()
    routes = [route for methods in api["paths"].values() for route in methods.values()]
    forms = [content["schema"] for route in routes for content in route["responses"]["default"]["content"].values()]
    assert len(forms) == len(routes) and all(each == {"$ref": "#/components/schemas/ErrorAnswer"} for each in forms)
    assert not any("422" in route["responses"] for route in routes)
    assert "HTTPValidationError" not in api["components"]["schemas"]


async def test_a_blank_query_is_not_explained_and_a_body_that_is_no_json_is_said(client: httpx.AsyncClient) -> None:
    answer = await client.get("/explain?q=%20&product_id=P1")
    assert answer.json()["error"] == {"field": "q", "message": "q: the query is blank"}
    answer = await client.post("/recommend", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 422 and answer.json()["error"]["message"].startswith("body: is no JSON (")


async def test_a_filter_may_be_there_several_times(client: httpx.AsyncClient, service: StandIn) -> None:
    assert (await client.get("/search?brand=A&brand=B&brand=A&attribute=color:red")).status_code == 200
    assert (service.asked[0][0].brand, service.asked[0][0].attribute) == (("A", "B"), ("color:red",))
    answer = await client.get("/search?q=x&attribute=red")
    assert answer.status_code == 422 and "attribute: 'red' is no NAME:VALUE" in answer.text


async def test_the_links_of_the_page_take_one_of_several_values_away(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    page = (await client.get("/search-page?q=cake&brand=A&brand=B&min_rating=4")).text
    assert service.asked[0][0].brand == ("A", "B")
    assert 'class="chosen" href="/search-page?brand=B&amp;min_rating=4.0&amp;q=cake">brand: <bdi>A' in page
    assert '<input type="hidden" name="brand" value="A">' in page and 'name="brand" value="B"' in page


async def test_the_page_escapes_everything_and_runs_nothing_but_its_own_script(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    service.items["P1"] |= {
        "title": "<script>alert(1)</script>",
        "link": "javascript:alert(1)",
        "brand": '"><img src=x>',
        "image_link": "http://pictures.example/1.png",
    }
    for query in ('<script>"', "script"):
        answer = await client.get("/search-page", params={"q": query})
        assert answer.text.count("<script") == 1 and "<img" not in answer.text and "javascript:" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


async def test_the_page_says_what_was_understood_and_links_to_the_search_as_typed(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    page = (await client.get("/search-page", params={"q": "cake under 10"})).text
    assert "<q>under 10</q> as max price 10.0" in page
    assert 'href="/search-page?q=cake+under+10&amp;understand=false"' in page
    assert "understood" not in (await client.get("/search-page?q=cake+under+10&understand=false")).text
    assert service.asked[-1][0].understand is False


async def test_the_page_says_what_was_meant(client: httpx.AsyncClient) -> None:
    page = (await client.get("/search-page", params={"q": "cakq"})).text
    assert 'Did you mean <a href="/search-page?q=cake">cake</a>?' in page
    assert "Next to nothing was found for" in page and "/search-page?q=cakq&amp;understand=false" in page
    kept = (await client.get("/search-page?q=cakq&sort=rating&brand=Garden&understand=false")).text
    assert 'href="/search-page?brand=Garden&amp;q=cake&amp;sort=rating"' in kept


async def test_matches_are_marked_on_the_page_and_markup_stays_text(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    service.items["P1"] |= {
        "title": "Chiffon <b>cake</b>",
        "description": "A <mark>chiffon</mark> & <script>x</script>",
    }
    page = (await client.get("/search-page?q=chiffon")).text
    assert "<mark>Chiffon</mark> &lt;b&gt;cake&lt;/b&gt;" in page and "A <mark>chiffon</mark> &amp;" in page
    assert page.count("<script") == 1


async def test_a_picture_comes_by_https_and_without_a_referrer(client: httpx.AsyncClient, service: StandIn) -> None:
    service.items["P1"] |= {"image_link": "https://pictures.example/1.png"}
    page = (await client.get("/search-page?q=chiffon")).text
    assert 'src="https://pictures.example/1.png"' in page and 'referrerpolicy="no-referrer"' in page


@pytest.mark.parametrize("page", ["/", "/search-page"])
async def test_the_links_of_a_page_lead_to_pages_of_this_machine(client: httpx.AsyncClient, page: str) -> None:
    links = re.findall(r'<a href="([^"]+)"', (await client.get(page)).text)
    assert links
    for link in links:
        answer = await client.get(link)
        assert answer.status_code == 200 and "https://cdn" not in answer.text


async def test_a_browser_may_read_answers_on_the_pages_of_named_hosts_alone() -> None:
    async with api_client(StandIn(P1="cake"), cors_origins=["https://shop.example"]) as client:
        for origin, allowed in (("https://shop.example", "https://shop.example"), ("https://other.example", None)):
            answer = await client.get("/search?q=cake", headers={"Origin": origin})
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
        assert (await client.options("/rebuild", headers=asked)).status_code == 400


async def test_without_a_named_host_no_page_of_another_one_may_read_answers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/search?q=cake", headers={"Origin": "https://shop.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_live_page_is_told_of_a_change_and_waits_for_some_items_not_long(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    service.changed = [True]
    answer = await client.get("/search-page/changes?id=a&id=b&since_ms=7&wait_ms=400")
    assert (answer.json(), service.watched) == ({"changed": True}, [(["a", "b"], 7, 400)])
    for refused in ("since_ms=7&wait_ms=400", "id=a&since_ms=7&wait_ms=60000", "id=a&since_ms=-1&wait_ms=400"):
        assert (await client.get(f"/search-page/changes?{refused}")).status_code == 422, refused


@pytest.mark.parametrize("product_id", ["%00positions", "a%00", "%20", "a" * 257])
async def test_an_id_that_no_product_can_have_is_refused(client: httpx.AsyncClient, product_id: str) -> None:
    for asked in ("/search-page/changes?since_ms=0&wait_ms=0&id", "/explain?q=x&product_id"):
        assert (await client.get(f"{asked}={product_id}")).status_code == 422, asked
