"""An intent goes to another skill, copied or moved, with what it needs there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import create_from_template
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

INTENT = "OrderPizzaIntent"
SAMPLES = 23
"""Sample utterances that it has in the template."""


def add_value(page: Page, slot_type: str, value: str) -> None:
    """Add ``value`` to a slot type of the skill whose overview the page shows."""
    types = page.locator("section[aria-labelledby=types-title]")
    types.get_by_role("link", name=slot_type).click()
    page.get_by_label("Value", exact=True).fill(value)
    page.keyboard.press("Enter")
    expect(page.locator(".values-table tbody tr").first).to_contain_text(value)


def choose_target(page: Page, name: str) -> None:
    """Open the intent of the skill on the page, and say by keyboard that it goes to ``name``."""
    page.locator("a.object-row", has_text=INTENT).click()
    page.get_by_role("link", name="Copy or move…").press("Enter")
    target = page.get_by_label("To which skill?")
    expect(target).to_be_focused()
    target.select_option(label=f"{name} (en-US)")
    page.get_by_role("button", name="Continue").press("Enter")
    expect(page.get_by_role("heading", name=INTENT)).to_contain_text(name)


def test_an_intent_is_copied_and_moved_with_its_slot_types_and_dialog(
    page: Page, app: RunningApp
) -> None:
    there = create_from_template(page, app, "Smart lights", "Other house")
    here = create_from_template(page, app, "Pizza ordering", "Corner shop")
    choose_target(page, "Other house")
    types = page.locator(".transfer-types")
    expect(types.get_by_role("listitem").first).to_contain_text("comes along")
    expect(page.get_by_text("Its dialog goes along")).to_be_visible()
    page.get_by_role("button", name="Copy", exact=True).press("Enter")
    expect(page.locator(".alert").first).to_contain_text(f"{INTENT} was copied here")
    expect(page.locator("h2", has_text=INTENT)).to_be_visible()
    expect(page.locator(".row-text")).to_have_count(SAMPLES)
    page.goto(there)
    # What is there already is asked about: use it, or bring this one under another name.
    add_value(page, "PizzaSize", "gigantic")
    page.goto(here)
    choose_target(page, "Other house")
    expect(page.get_by_text("choose another name")).to_be_visible()
    expect(page.get_by_label("Its name there")).to_have_value(f"{INTENT}2")
    page.get_by_role("button", name="Move").click()
    expect(page.get_by_role("group").filter(has_text="with other values")).to_be_visible()
    page.get_by_label("bring this one as").check()
    page.get_by_role("button", name="Move").press("Enter")
    expect(page.locator(".alert").first).to_contain_text("was moved here from Corner shop")
    expect(page.locator(".row-text")).to_have_count(SAMPLES)
    page.goto(here)
    expect(page.locator("a.object-row", has_text=INTENT)).to_have_count(0)
    # Nothing is lost: the history of the skill that it left gives it back.
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name="Undo this change").first.click()
    page.goto(here)
    expect(page.locator("a.object-row", has_text=INTENT)).to_be_visible()
