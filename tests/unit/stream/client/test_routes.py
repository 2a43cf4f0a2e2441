"""The client has a method for every public route of the API, with the models that the route has."""

from __future__ import annotations

import inspect

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from stream.api.app import create_app
from stream.api.parameters import NoParameters
from stream.client.endpoints import EventEndpoint, Route
from stream.client.routes import Routes
from tests.support.standing_in import StandIn

METHODS: dict[str, Route[..., object]] = {
    name: route for name, route in vars(Routes).items() if isinstance(route, Route)
}
BY_ADDRESS = {(route.method, route.path): name for name, route in METHODS.items()}
PUBLIC = {
    (method, route.path_format): route
    for route in (each.original_route for each in iter_route_contexts(create_app(StandIn().services).routes))
    if isinstance(route, APIRoute) and route.include_in_schema
    for method in route.methods or ()
}
"""The routes of the API but its pages, by method and path."""
ADDRESSES = [pytest.param(address, id=" ".join(address)) for address in PUBLIC]


def models_of(route: APIRoute) -> set[type[BaseModel]]:
    """Return the models that a route reads its parameters or its body with."""
    dependant = route.dependant
    found = {field.field_info.annotation for field in (*dependant.query_params, *dependant.body_params)}
    return {each for each in found if inspect.isclass(each) and issubclass(each, BaseModel)} - {NoParameters}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_route_has_a_method_of_the_client(address: tuple[str, str]) -> None:
    assert address in BY_ADDRESS, (
        f"{' '.join(address)} has no method: add a line for it to Routes in stream/client/routes.py, such as "
        f'`its_name = Endpoint("{address[0]}", "{address[1]}", ItsParameters, ItsAnswer)`'
    )


def test_no_method_is_for_a_route_that_is_gone() -> None:
    gone = {name: address for address, name in BY_ADDRESS.items() if address not in PUBLIC}
    assert not gone, f"the API has no such routes: take these out of stream/client/routes.py: {gone}"


@pytest.mark.parametrize("address", [each for each in ADDRESSES if each.values[0] in BY_ADDRESS])
def test_a_method_answers_with_the_model_of_its_route(address: tuple[str, str]) -> None:
    method, route = METHODS[BY_ADDRESS[address]], PUBLIC[address]
    named = [answer["model"] for status, answer in route.responses.items() if int(status) < 300 and "model" in answer]
    assert named in ([], [method.answers]), f"{' '.join(address)} answers {named}, the client reads {method.answers}"


@pytest.mark.parametrize("address", [each for each in ADDRESSES if each.values[0] in BY_ADDRESS])
def test_a_method_takes_the_parameters_of_its_route(address: tuple[str, str]) -> None:
    method, route = METHODS[BY_ADDRESS[address]], PUBLIC[address]
    assert isinstance(method.asks, type) and issubclass(method.asks, BaseModel)
    in_path = {parameter.name for parameter in route.dependant.path_params}
    assert in_path <= set(method.asks.model_fields)
    if not in_path:
        assert models_of(route) - {method.asks} == set(), f"{' '.join(address)} is asked with {method.asks}"
        assert method.asks is NoParameters or method.asks in models_of(route)


@pytest.mark.parametrize("address", [each for each in ADDRESSES if each.values[0] in BY_ADDRESS])
def test_a_method_sends_the_headers_of_its_route(address: tuple[str, str]) -> None:
    method, route = METHODS[BY_ADDRESS[address]], PUBLIC[address]
    assert isinstance(method.asks, type) and issubclass(method.asks, BaseModel)
    assert {parameter.alias for parameter in route.dependant.header_params} == set(method.in_headers.values())
    assert set(method.in_headers) <= set(method.asks.model_fields)


def test_streams_are_methods_that_iterate() -> None:
    streams = {address for address, route in PUBLIC.items() if "text/event-stream" in str(route.response_class)}
    streams |= {("GET", "/events")}
    assert all(isinstance(METHODS[BY_ADDRESS[address]], EventEndpoint) for address in streams)
