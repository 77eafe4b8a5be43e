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
    rule = page.locator(".validation").first
    rule.get_by_label("Another validation").select_option(label="is one of these")
    rule.get_by_label("Values one a line").fill("thin\nthick")
    rule.get_by_label("What is asked if not").fill("Thin or thick?")
    page.get_by_role("button", name="Save the slot").click()
    expect(page.get_by_text("the slot cannot be required")).to_be_visible()
    expect(rule.get_by_label("Values one a line")).to_have_value("thin\nthick")
    page.get_by_label("What is asked").first.fill("Which crust?")
    page.get_by_role("button", name="Save the slot").click()
    saved = page.locator(".dialog-slot", has_text="Which crust?")
    expect(saved).to_contain_text("1 validation")


def test_patterns_are_tried_while_they_are_written_and_undone(page: Page, app: RunningApp) -> None:
    page.goto(create_from_template(page, app, "Pizza ordering", "Codes"))
    page.locator("section[aria-labelledby=types-title] a.object-row").first.click()
    patterns, tried = page.locator("#type-patterns"), page.locator("#type-tried")
    patterns.fill("[A-Z")
    page.get_by_label("Try it").fill("ab 1234")
    expect(tried).to_contain_text("Line 1: The pattern cannot be read")
    patterns.fill(r"[A-Z]{2}\d{4}")
    expect(tried).to_contain_text("and is AB1234")
    expect(tried).to_contain_text("filled with examples")
    page.get_by_label("Try it").fill("gigantic")
    expect(tried).to_contain_text("passed on as it is said")
    page.get_by_label("Closed: accept nothing else").check()
    expect(tried).to_contain_text("is not accepted")
    page.get_by_role("button", name="Save", exact=True).click()
    toast = page.locator("#undo-toast")
    expect(toast.get_by_role("button", name="Undo")).to_be_visible()
    page.reload()
    expect(patterns).to_have_value(r"[A-Z]{2}\d{4}")
    expect(page.get_by_label("Closed: accept nothing else")).to_be_checked()
    # Any edit of values is taken back from the toast, also by keyboard.
    page.get_by_label("Value", exact=True).fill("enormous")
    page.keyboard.press("Enter")
    first = page.locator(".values-table tbody tr").first
    expect(first).to_contain_text("enormous")
    expect(toast).to_contain_text("Added value “enormous”")
    page.keyboard.press("Control+z")
    expect(toast).to_contain_text("Taken back")
    expect(first).not_to_contain_text("enormous")


def test_a_catalog_is_shared_and_its_update_is_offered(page: Page, app: RunningApp) -> None:
    page.goto(create_from_template(page, app, "Pizza ordering", "Sharing"))
    page.locator("section[aria-labelledby=types-title] a.object-row").first.click()
    slot_type = page.url

    def upload(text: str, number: int) -> str:
        page.get_by_label("its text").fill(text)
        page.get_by_role("button", name="Review changes").click()
        page.get_by_role("button", name=f"Store version {number}").click()
        expect(page.locator(".alert").first).to_contain_text(f"Version {number} was stored")
        return page.url

    page.get_by_role("link", name="Catalogs").first.click()
    page.get_by_label("Name").fill("Bases")
    page.get_by_role("button", name="Create").click()
    catalog = upload("value,id,synonyms\nthin,T,crispy\nthick", 1)
    page.goto(slot_type)
    page.get_by_text("Take the values from a catalog").click()
    page.get_by_label("Its newest version").select_option(label="Bases (version 1)")
    page.get_by_role("button", name="Take this version").click()
    expect(page.locator(".type-catalog")).to_contain_text("values of the catalog Bases, version 1")
    expect(page.locator("#new-value")).to_have_count(0)
    page.goto(catalog)
    expect(page.get_by_role("heading", name="1 skill uses it")).to_be_visible()
    upload("thin,T,crispy\nthick\nstuffed", 2)
    expect(page.get_by_text("version 2 is there")).to_be_visible()
    page.goto(slot_type)
    page.get_by_role("button", name="Update to version 2").click()
    expect(page.locator(".values-table")).to_contain_text("stuffed")
    page.locator("#undo-toast [data-undo]").click()
    expect(page.locator(".values-table")).not_to_contain_text("stuffed")
    page.get_by_role("button", name="Make the values its own").click()
    expect(page.locator("#new-value")).to_be_visible()
