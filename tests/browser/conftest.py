"""One stack and one Chromium for all tests of the pages."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.running_stack import RunningStack, running_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGES = Path(__file__).parents[2] / "docs" / "images"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WITHOUT_CHROMIUM = "there is no Chromium: apt-get install chromium"
PATIENCE_MS = 300_000
"""The time that a page may take on a busy machine. A test that passes never takes as long."""


expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The folder of the README's pictures if `make images` asks for them; else a folder that is thrown away, since a
    test only shows that they can be taken."""
    return IMAGES if os.environ.get("IMAGES") else tmp_path


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    if CHROMIUM is None:
        pytest.skip(WITHOUT_CHROMIUM)
    with running_stack(tmp_path_factory.mktemp("browser"), FRESHLINE_CANARY_SECONDS="5") as running:
        yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip(WITHOUT_CHROMIUM)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of its own, which must end without an error of a script or of the policy for contents."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page, errors = context.new_page(), list[str]()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    context.close()
    assert errors == []
