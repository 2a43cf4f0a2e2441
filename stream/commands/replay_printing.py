"""The output of `freshline replay`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stream.replay.plan import ReplayPlan
    from stream.replay.run import Replay
    from stream.replay.unsent import UnsentLetters


def so_far(sent: int) -> str:
    """Return the sentence of a replay that is interrupted."""
    return f"{sent:,} sent and confirmed; the same command goes on where it stopped"


def goes_on(prepared: Replay) -> str:
    """Return the sentence of a replay that goes on with an earlier one."""
    from schemas.times import rfc3339

    position = prepared.position
    return (
        f"goes on with the replay begun at {rfc3339(position.begun_ms)}, {position.sent:,} records of which are sent; "
        f"to begin anew, remove {position.path}"
    )


def print_plan(plan: ReplayPlan, route: str, facts: dict[str, Any], json: bool) -> None:
    """Print the plan: the records that would be sent."""
    from rich.table import Table

    from schemas.times import rfc3339
    from stream.runtime.printing import counted, print_json, say, stdout_console

    if json:
        print_json({**facts, "executed": False})
        return
    keys = ", ".join(plan.first_keys()) + (", ..." if len(plan.keys) > len(plan.first_keys()) else "")
    at_least = "at least " if facts["keys_are_at_least"] else ""
    size = f"{counted(plan.records, 'record')}, {counted(plan.size_bytes, 'byte')}"
    stdout_console().print(f"{route}: {size}, {at_least}{counted(facts['keys'], 'key')} ({keys})")
    table = Table("partition", "records", "offsets", "times", box=None)
    for number, part in sorted(plan.parts.items()):
        times = f"{rfc3339(part.first_ms)} to {rfc3339(part.last_ms)}"
        table.add_row(str(number), f"{part.records:,}", f"{part.first_offset} to {part.last_offset}", times)
    stdout_console().print(table)
    if plan.copies:
        say(f"left out: {counted(plan.copies, 'record')} that earlier replays copied from records that are sent")
    say("nothing was sent: --execute sends it")


def print_sent(sent: int, route: str, seconds: float, facts: dict[str, Any], json: bool) -> None:
    """Print the number of records that were sent."""
    from stream.runtime.printing import counted, print_json

    if json:
        print_json({**facts, "executed": True, "sent": sent, "seconds": round(seconds, 3)})
    else:
        print(f"{counted(sent, 'record')} sent {route} in {seconds:.1f} s ({sent / max(seconds, 1e-3):,.0f}/s)")


def print_dead_letters(unsent: UnsentLetters, now_ms: int) -> None:
    """Print each dead letter as a line that can be repaired and sent."""
    from stream.replay.dead_letters import as_line
    from stream.runtime.printing import counted, print_json, say

    with unsent.dead_letters() as found:
        for dead_letter in found:
            print_json(as_line(dead_letter, now_ms, unsent.sources))
    count = counted(unsent.plan.records, "dead letter")
    say(f"{count} of {unsent.topic}: repair each value, then send the lines with --repaired")
