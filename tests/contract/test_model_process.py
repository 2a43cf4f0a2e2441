"""A model's process: who ends it, and what happens to calls when it ends by itself. The fake stands for the model."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from schemas.errors import EmbeddingFailed, Misconfigured
from tests.support.waiting import until
from workers.embedder.fake import FakeEmbedder
from workers.embedder.model_process import ModelProcess
from workers.embedder.serve import DOCUMENTS_NICENESS
from workers.query_gate import QueryGate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.embedder.interface import Vectors

CALLER = """
from workers.embedder.model_process import ModelProcess
from workers.query_gate import QueryGate

model = ModelProcess("fake", None, threads=1, gate=QueryGate())
print(model._child._process.pid, flush=True)
input()
"""


@pytest.fixture
def model() -> Iterator[ModelProcess]:
    started = ModelProcess("fake", None, threads=1, gate=QueryGate())
    yield started
    started.close()


def process_of(model: ModelProcess) -> psutil.Process:
    return psutil.Process(model._child._process.pid)


def test_vectors_are_those_of_the_embedder_in_the_process(model: ModelProcess) -> None:
    texts = ["cake", "wireless mouse"]
    assert (model.embed_documents(texts) == FakeEmbedder().embed_documents(texts)).all()
    assert (model.embed_query("cake") == FakeEmbedder().embed_query("cake")).all()
    assert model.model == FakeEmbedder().model


def test_a_process_that_was_killed_is_replaced_at_the_next_call(model: ModelProcess) -> None:
    killed = process_of(model)
    killed.kill()
    killed.wait()
    assert np.isfinite(model.embed_query("cake")).all()
    assert np.isfinite(model.embed_documents(["cake", "mouse"])).all()


async def test_one_text_whose_process_ends_is_tried_again_in_another(model: ModelProcess) -> None:
    assert np.isfinite(await _killed_during(model, ["cake"])).all()


async def test_several_texts_whose_process_ends_fail_so_that_each_is_tried_alone(model: ModelProcess) -> None:
    with pytest.raises(EmbeddingFailed, match="ended with -9 during a call"):
        await _killed_during(model, ["cake", "mouse"])
    assert np.isfinite(model.embed_documents(["cake"])).all()


async def _killed_during(model: ModelProcess, texts: list[str]) -> Vectors:
    process = await _suspended(model)
    call = asyncio.create_task(asyncio.to_thread(model.embed_documents, texts))
    await until(model._child._one_at_a_time["documents"].locked, "the call has begun")
    process.kill()
    return await call


async def test_a_query_needs_no_thread(model: ModelProcess) -> None:
    asked = model.ask_query("cake")
    assert asked is not None and (await asked == FakeEmbedder().embed_query("cake")).all()


async def test_a_query_is_not_answered_with_the_vector_of_one_that_was_given_up(model: ModelProcess) -> None:
    process = await _suspended(model)
    given_up = model.ask_query("cake")
    assert given_up is not None and model.ask_query("mouse") is None
    given_up.cancel()
    process.resume()
    assert (await asyncio.to_thread(model.embed_query, "mouse") == FakeEmbedder().embed_query("mouse")).all()


async def test_a_query_whose_process_ends_fails_and_the_next_has_a_new_process(model: ModelProcess) -> None:
    process = await _suspended(model)
    asked = model.ask_query("cake")
    process.kill()
    assert asked is not None
    with pytest.raises(EmbeddingFailed, match="ended with -9 during a call"):
        await asked
    assert model.ask_query("cake") is None
    assert np.isfinite(await asyncio.to_thread(model.embed_query, "cake")).all()
    assert model.ask_query("mouse") is not None


async def test_an_error_of_a_query_is_raised_in_the_caller(model: ModelProcess) -> None:
    asked = model.ask_query(None)  # type: ignore[arg-type]
    assert asked is not None
    with pytest.raises(RuntimeError, match="TypeError"):
        await asked


async def _suspended(model: ModelProcess) -> psutil.Process:
    process = process_of(model)
    process.suspend()
    await until(lambda: process.status() == psutil.STATUS_STOPPED, "the process is suspended")
    return process


def test_an_error_in_the_process_is_raised_in_the_caller_and_the_process_goes_on(
    model: ModelProcess,
) -> None:
    with pytest.raises(RuntimeError, match="TypeError"):
        model.embed_documents([None])  # type: ignore[list-item]
    assert np.isfinite(model.embed_documents(["cake"])).all()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_for_the_whole_group_leaves_the_end_to_the_caller(model: ModelProcess, number: signal.Signals) -> None:
    process = process_of(model)
    process.send_signal(number)
    assert np.isfinite(model.embed_query("cake")).all()
    assert process_of(model) == process


def test_closing_ends_the_process(model: ModelProcess) -> None:
    process = process_of(model)
    model.close()
    model.close()
    assert not process.is_running()


def test_the_process_ends_with_its_caller_however_that_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", CALLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        process = psutil.Process(int(caller.stdout.readline()))
        caller.kill()
    process.wait()


def test_a_model_that_is_not_there_is_said_as_without_a_process() -> None:
    with pytest.raises(Misconfigured, match="no-such-model"):
        ModelProcess("model", "/no-such-model", threads=1, gate=QueryGate())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has thread priorities")
def test_documents_yield_the_processor_and_queries_do_not(model: ModelProcess) -> None:
    process = process_of(model)
    threads = [os.getpriority(os.PRIO_PROCESS, each.id) for each in process.threads()]
    assert sorted(set(threads)) == [os.nice(0), DOCUMENTS_NICENESS]
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == DOCUMENTS_NICENESS
