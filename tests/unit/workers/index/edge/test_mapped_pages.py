from __future__ import annotations

import sys
from pathlib import Path

import pytest

from schemas.queries import Filters
from tests.support.index_backends import MODEL, content, ids, point_ids, put, vector
from tests.support.queries import search_lexical
from workers.index.edge.bounds import EdgeBounds
from workers.index.edge.open import open_edge

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which pages are mapped")
MB = 1_000_000


async def test_an_index_that_was_just_opened_has_no_pages_of_its_files_in_this_process(tmp_path: Path) -> None:
    folder = tmp_path / "link"
    folder.symlink_to(tmp_path / "index")
    (tmp_path / "index").mkdir()
    index = open_edge(folder, model=MODEL)
    assert _mapped(tmp_path) < 4 * MB
    await index.close()


async def test_pages_are_released_after_so_many_writes_and_the_index_still_has_everything(tmp_path: Path) -> None:
    index = open_edge(tmp_path, model=MODEL, bounds=EdgeBounds(mapped_writes_max=8))
    for number in range(7):
        await put(index, content(str(number), f"cake {number}", price=float(number)), 1, dense=vector(1, number))
    touched = _mapped(tmp_path)
    await put(index, content("7", "cake 7", price=7.0), 1, dense=vector(1, 7))
    assert _mapped(tmp_path) < touched
    assert await index.count(Filters(min_price=0)) == 8
    assert point_ids(await search_lexical(index, "cake 7", Filters(), 1)) == ids("7")
    await index.close()
    again = open_edge(tmp_path, model=MODEL)
    assert await again.count(Filters(min_price=0)) == 8
    assert point_ids(await again.search_dense(vector(1, 7), Filters(), 1)) == ids("7")
    await again.close()


def _mapped(folder: Path) -> int:
    """Return the bytes of the files in a folder that are mapped and present in this process."""
    present, within = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in (first := line.split(" ", 1)[0]) and not first.endswith(":"):
            within = str(folder) in line
        elif within and line.startswith("Rss:"):
            present += int(line.split()[1]) << 10
    return present
