"""The roles of collections under one alias: one suite over both backends.

These tests prove docs/invariants.md#7.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from qdrant_client import AsyncQdrantClient

from schemas.errors import Conflict
from schemas.queries import Filters
from tests.support.index_backends import BACKENDS, MODEL, content, open_on_server, put
from workers.index.edge.collections import EdgeCollections
from workers.index.server.open import open_with
from workers.query_gate import QueryGate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from workers.index.roles import Collections

OTHER = MODEL._replace(name="other", dimension=8)


class Backend:
    """Opens the same collections again, as the next process would."""

    def __init__(self, kind: str, directory: Path) -> None:
        self.kind, self.directory = kind, directory
        self.local = AsyncQdrantClient(":memory:")
        self.alias = f"roles-{uuid.uuid4().hex}"

    async def open(self) -> Collections:
        if self.kind == "edge":
            return EdgeCollections(self.directory, alias="items", model=MODEL, model_source=None, gate=QueryGate())
        if self.kind == "local mode":
            return await open_with(self.local, alias=self.alias, model=MODEL)
        return await open_on_server(self.kind, self.alias)

    async def open_again(self, collections: Collections) -> Collections:
        if self.kind == "edge":
            await collections.close()
        return await self.open()


@pytest.fixture(params=BACKENDS)
async def backend(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Backend]:
    made = Backend(request.param, tmp_path)
    yield made
    await made.local.close()


async def test_at_first_one_empty_collection_serves(backend: Backend) -> None:
    collections = await backend.open()
    roles = await collections.roles()
    assert (roles.building, roles.previous, roles.serving.model) == (None, None, MODEL)
    assert await roles.serving.count_points() == 0
    again = await backend.open_again(collections)
    assert (await again.serving()).collection == roles.serving.collection
    await again.close()


async def test_what_is_built_does_not_serve_until_the_switch_and_the_old_one_is_the_previous(backend: Backend) -> None:
    collections = await backend.open()
    old = await collections.serving()
    new = await collections.begin(OTHER, "a folder")
    await put(new, content("a"), 1)
    assert (await collections.serving()).collection == old.collection
    assert await old.count_points() == 0
    await collections.switch(new)
    roles = await collections.roles()
    assert (roles.serving.collection, roles.building) == (new.collection, None)
    assert roles.previous is not None and roles.previous.collection == old.collection
    assert (roles.serving.model, roles.serving.metadata.model_source) == (OTHER, "a folder")
    assert await roles.serving.count(Filters()) == 1
    await collections.close()


async def test_roles_outlive_the_process(backend: Backend) -> None:
    collections = await backend.open()
    new = await collections.begin(OTHER, None)
    await new.save_positions({"0": 5})
    collections = await backend.open_again(collections)
    roles = await collections.roles()
    assert roles.building is not None and roles.building.collection == new.collection
    assert await roles.building.positions() == {"0": 5}
    await collections.switch(roles.building)
    collections = await backend.open_again(collections)
    roles = await collections.roles()
    assert roles.serving.collection == new.collection and roles.previous is not None
    await collections.close()


async def test_a_rollback_and_another_lead_there_and_back(backend: Backend) -> None:
    collections = await backend.open()
    old = await collections.serving()
    new = await collections.begin(MODEL, None)
    await collections.switch(new)
    await collections.roll_back()
    assert (await collections.serving()).collection == old.collection
    await collections.roll_back()
    assert (await collections.serving()).collection == new.collection
    await collections.close()


async def test_a_collection_without_a_role_is_deleted_and_the_others_stay(backend: Backend) -> None:
    collections = await backend.open()
    serving = await collections.serving()
    await put(serving, content("a"), 1)
    building = await collections.begin(MODEL, None)
    await collections.retire(building)
    assert (await collections.roles()).building is None
    await collections.delete(building)
    collections = await backend.open_again(collections)
    roles = await collections.roles()
    assert (roles.serving.collection, roles.building) == (serving.collection, None)
    assert await roles.serving.count_points() == 1
    await collections.close()


async def test_a_switch_to_what_serves_already_changes_nothing(backend: Backend) -> None:
    collections = await backend.open()
    old = await collections.serving()
    new = await collections.begin(MODEL, None)
    await collections.switch(new)
    await collections.switch(new)
    roles = await collections.roles()
    assert roles.previous is not None
    assert (roles.serving.collection, roles.previous.collection) == (new.collection, old.collection)
    await collections.close()


async def test_only_what_is_being_built_may_begin_to_serve(backend: Backend) -> None:
    collections = await backend.open()
    old = await collections.serving()
    given_up = await collections.begin(MODEL, None)
    await collections.retire(given_up)
    with pytest.raises(Conflict, match=f"{given_up.collection} is not being built any more"):
        await collections.switch(given_up)
    building = await collections.begin(MODEL, None)
    with pytest.raises(Conflict, match="is not being built any more"):
        await collections.switch(given_up)
    roles = await collections.roles()
    assert roles.building is not None
    assert (roles.serving.collection, roles.building.collection) == (old.collection, building.collection)
    await collections.close()


async def test_what_serves_keeps_its_role_and_without_a_previous_one_there_is_no_way_back(backend: Backend) -> None:
    collections = await backend.open()
    serving = await collections.serving()
    with pytest.raises(Conflict, match=f"{serving.collection} serves since a moment ago"):
        await collections.retire(serving)
    with pytest.raises(Conflict, match="there is nothing to go back to"):
        await collections.roll_back()
    assert (await collections.serving()).collection == serving.collection
    await collections.close()


async def test_to_delete_twice_is_to_delete_once(backend: Backend) -> None:
    collections = await backend.open()
    building = await collections.begin(MODEL, None)
    await collections.retire(building)
    await collections.delete(building)
    await collections.delete(building)
    assert (await collections.roles()).building is None
    await collections.close()
