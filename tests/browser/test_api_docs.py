"""The API's documentation page, in a browser, under the strict policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.running_app import RunningApp

METHODS = {"get", "post", "put", "patch", "delete"}
pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.timeout(240)]


def test_endpoints_are_shown_and_can_be_tried(page: Page, app: RunningApp) -> None:
    # The fixture "page" fails when the browser refuses or misses anything.
    page.goto(f"{app.url}/api/docs/")
    operations = page.locator(".opblock")
    expect(operations.first).to_be_visible()
    paths = page.request.get(f"{app.url}/api/schema/?format=json").json()["paths"].values()
    expect(operations).to_have_count(sum(len(METHODS & path.keys()) for path in paths))
    listing = page.locator("#operations-skills-skills_list")
    listing.locator(".opblock-summary-control").click()
    listing.get_by_role("button", name="Try it out").click()
    with page.expect_response(lambda answer: "/api/v1/skills" in answer.url) as answer:
        listing.get_by_role("button", name="Execute").click()
    # Alice is signed in, and reading needs no token then.
    assert answer.value.status == 200
    assert "results" in answer.value.json()
