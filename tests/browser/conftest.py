"""A browser, and the application that it looks at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driving import TIMEOUT, Complaints, chromium, new_page, sign_in
from tests.running_app import RunningApp, running_app

expect.set_options(timeout=TIMEOUT)


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Return the running application; tests share it, so each makes its own skills."""
    with running_app(tmp_path_factory.mktemp("app")) as app:
        yield app


# Not for the session: while Playwright runs, Django takes this thread for an asynchronous
# one and refuses it the database.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return the browser."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Return what the browser complained of; at the end of a test that must be nothing."""
    complaints = Complaints()
    yield complaints
    assert complaints == []


@pytest.fixture
def page(app: RunningApp, browser: Browser, complaints: Complaints) -> Iterator[Page]:
    """Return a page on which alice is signed in."""
    page = new_page(browser, complaints)
    sign_in(page, app)
    yield page
    page.context.close()
