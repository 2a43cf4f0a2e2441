"""Which stack a command talks to, and that it never writes into one and waits at another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.errors import Misconfigured
from stream.commands.configured import brokers, client
from stream.commands.current_run import CommandBounds, command_run
from stream.runtime.stacks import Stack, record_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ELSEWHERE = "http://127.0.0.1:9999"


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Yield the only stack that is known; the command is run in another folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("FRESHLINE_API", "FRESHLINE_KAFKA"):
        monkeypatch.delenv(name, raising=False)
    data_dir, elsewhere = tmp_path / "shop" / ".freshline", tmp_path / "elsewhere"
    data_dir.mkdir(parents=True)
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    made = Stack("127.0.0.1:19092", "http://127.0.0.1:8765", data_dir)
    record_stack(made)
    with command_run(CommandBounds()):
        yield made


def test_a_command_that_changes_a_stack_of_another_directory_says_which(
    stack: Stack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client(None).api == stack.api and capsys.readouterr().err == ""
    assert client(None, changes=True).api == stack.api
    assert stack.in_words in capsys.readouterr().err
    monkeypatch.chdir(stack.data_dir.parent)
    assert client(None, changes=True).api == stack.api and capsys.readouterr().err == ""


def test_a_command_does_not_send_to_one_stack_and_wait_at_another(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Misconfigured, match=r"http://127.0.0.1:9999 is not of the stack .*: name both"):
        brokers(None, api=ELSEWHERE)
    with pytest.raises(Misconfigured, match=r"other:9092 is not of the stack"):
        client(None, kafka="other:9092", sends=True)
    assert str(brokers(None, api="http://localhost:8765/")) == stack.kafka
    assert client(None, kafka="other:9092,localhost:19092", sends=True).api == stack.api
    monkeypatch.setenv("FRESHLINE_API", ELSEWHERE)
    with pytest.raises(Misconfigured, match="is not of the stack"):
        brokers(None)
    assert str(brokers("other:9092")) == "other:9092" and client(None, sends=True).api == ELSEWHERE
