"""Slot types and slots as people edit them: by keyboard, from a list."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import create_from_template
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


def test_values_by_keyboard_and_from_a_list(page: Page, app: RunningApp) -> None:
    page.goto(create_from_template(page, app, "Pizza ordering", "Pizza"))
    page.locator("section[aria-labelledby=types-title] a.object-row").first.click()
    value, synonyms = page.get_by_label("Value", exact=True), page.get_by_label("Synonyms comma")
    value.fill("enormous")
    page.keyboard.press("Tab")
    page.keyboard.type("gigantic, very big")
    page.keyboard.press("Enter")
    row = page.locator(".values-table tbody tr").first
    expect(row).to_contain_text("very big")
    # The next value begins where the last one did, though Enter was pressed elsewhere.
    expect(value).to_be_focused()
    expect(synonyms).to_have_value("")
    row.get_by_role("link", name="Edit enormous").click()
    expect(page.locator("#edit-value")).to_be_focused()
    page.locator("#edit-id").fill("XXL")
    page.keyboard.press("Enter")
    expect(row.locator("code")).to_have_text("XXL")
    page.get_by_role("link", name="Upload a CSV").click()
    page.get_by_label("its text").fill("enormous,XXL,colossal\n,nothing")
    page.get_by_role("button", name="Review changes").click()
    expect(page.get_by_text("line 2")).to_be_visible()
    page.get_by_label("its text").fill("enormous,XXL,colossal\npocket,P")
    page.get_by_role("button", name="Review changes").click()
    expect(page.get_by_role("heading", name="2 changes of")).to_be_visible()
    page.get_by_role("button", name="Add the values").click()
    expect(page.locator(".alert").first).to_contain_text("values now")
    expect(page.locator(".values-table tbody tr").first).to_contain_text("pocket")
    # What is asked for a slot that has these values, and how its value is checked.
    page.get_by_role("link", name="OrderPizzaIntent").first.click()
    page.get_by_role("link", name="dialog of crust").click()
    page.get_by_label("The intent needs this slot").check()
    page.get_by_label("The value…").or_(page.get_by_label("Another validation")).select_option(
        label="is one of these"
    )
    page.get_by_label("Values one a line").fill("thin\nthick")
    page.get_by_label("What is asked if not").fill("Thin or thick?")
    page.get_by_role("button", name="Save the slot").click()
    expect(page.get_by_text("the slot cannot be required")).to_be_visible()
    expect(page.get_by_label("Values one a line")).to_have_value("thin\nthick")
    page.get_by_label("What is asked").first.fill("Which crust?")
    page.get_by_role("button", name="Save the slot").click()
    saved = page.locator(".dialog-slot", has_text="Which crust?")
    expect(saved).to_contain_text("1 validation")
