"""A slot type of as many values as a skill may have stays editable."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import create_from_template
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

MANY = 50_000


def test_fifty_thousand_values(page: Page, app: RunningApp) -> None:
    overview = create_from_template(page, app, "Pizza ordering", "Streets")
    page.get_by_label("Name of a new slot type").fill("Street")
    page.keyboard.press("Enter")
    expect(page.locator(".object-title")).to_contain_text("Street")
    page.get_by_role("link", name="Upload a CSV").click()
    # The skill's own values count too.
    text = "".join(f"street {n},S{n}\n" for n in range(MANY - 200))
    file = {"name": "streets.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("A CSV file").set_input_files(files=[file])  # type: ignore[list-item]
    page.get_by_role("button", name="Review changes").click()
    expect(page.get_by_role("heading", name="49,800 changes of")).to_be_visible()
    page.get_by_role("button", name="Add the values").click()
    expect(page.locator(".alert").first).to_contain_text("Street has 49,800 values now")
    row = page.locator(".values-table tbody tr")
    expect(row).to_have_count(30)
    expect(row.first).to_contain_text("street 49799")
    # Pages.
    page.get_by_role("link", name="Older").click()
    expect(row.first).to_contain_text("street 49769")
    # Search, of which one value is edited and another deleted, which is taken back.
    search = page.get_by_label("Search the values")
    search.fill("street 3141")
    expect(row).to_have_count(11)
    row.last.get_by_role("link", name="Edit street 3141").click()
    page.locator("#edit-synonyms").fill("pi street")
    page.keyboard.press("Enter")
    expect(row.last).to_contain_text("pi street")
    row.first.get_by_role("button", name="Remove street 31419").click()
    expect(row).to_have_count(10)
    page.locator("#undo-toast").get_by_role("button", name="Undo").click()
    expect(row.first).to_contain_text("street 31419")
    # The document of all is larger than one may be sent: it comes after its page, to be read.
    page.goto(f"{overview}json")
    expect(page.locator("#json-form")).to_contain_text("values of Street (49,800)")
    document = page.get_by_label("Interaction model as JSON")
    expect(document).not_to_be_editable()
    assert '"synonyms": ["pi street"]' in document.input_value()
