"""Nothing authored is lost: the bin and the versions, by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import create_from_template
from tests.browser.evaluated import evaluate_skill
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


def press(page: Page, role: str, name: str) -> None:
    """Press Enter on what is called ``name``, reached by Tab as far as the focus shows it."""
    thing = page.get_by_role(role, name=name).first  # type: ignore[arg-type]
    thing.focus()
    expect(thing).to_be_focused()
    page.keyboard.press("Enter")


def test_a_skill_goes_into_the_bin_and_comes_back_by_keyboard(page: Page, app: RunningApp) -> None:
    create_from_template(page, app, "Smart lights", "Lost lamps")
    press(page, "link", "Settings")
    press(page, "link", "Delete")
    expect(page.get_by_role("heading", name="Delete “Lost lamps”?")).to_be_visible()
    press(page, "button", "Put it into the bin")
    expect(page.get_by_text("Lost lamps is in the bin.")).to_be_visible()
    expect(page.locator("#skills").get_by_text("Lost lamps")).to_have_count(0)
    press(page, "link", "Bin")
    row = page.locator(".row-item", has_text="Lost lamps")
    expect(row).to_contain_text("gone for good on")
    press(page, "button", "Restore Lost lamps")
    expect(page.get_by_text("Lost lamps is back, with all that was in it.")).to_be_visible()
    expect(page.locator("section[aria-labelledby=intents-title] a.object-row")).not_to_have_count(0)
    # For good only after another question.
    page.goto(f"{page.url}delete")
    press(page, "button", "Put it into the bin")
    press(page, "link", "Bin")
    press(page, "link", "Delete for good… Lost lamps")
    press(page, "link", "Cancel")
    expect(row).to_be_visible()
    press(page, "link", "Delete for good… Lost lamps")
    press(page, "button", "Delete for good")
    expect(page.get_by_text("Lost lamps was deleted for good.")).to_be_visible()
    expect(row).to_have_count(0)


def test_versions_are_named_compared_and_restored_by_keyboard(page: Page, app: RunningApp) -> None:
    skill = create_from_template(page, app, "Smart lights", "Frozen lamps")
    evaluate_skill(app, skill.rstrip("/").rpartition("/")[2])
    page.goto(skill)
    page.locator("section[aria-labelledby=intents-title] a.object-row").first.press("Enter")
    sample = page.get_by_label("New sample utterance")
    sample.fill("after the second version")
    sample.press("Enter")
    expect(page.locator(".row-text").first).to_have_text("after the second version")
    press(page, "link", "Versions")
    # The newest against the working copy is what one sees first.
    changes = page.locator(".difference")
    expect(changes).to_have_count(1)
    expect(changes).to_contain_text("after the second version")
    name = page.get_by_label("Name of version 1", exact=True)
    name.focus()
    page.keyboard.type("As it began")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_label("Older side").select_option(label="Version 1 · As it began")
    page.get_by_label("Newer side").select_option("2")
    press(page, "button", "Compare")
    expect(changes).to_have_count(1)
    expect(changes).to_contain_text("first version")
    expect(changes).to_contain_text("second version")
    press(page, "button", "Restore version 1")
    expect(page.get_by_text("Version 1 is the working copy now.")).to_be_visible()
    expect(page.get_by_text("the same as the working copy")).to_be_visible()
    # What the restoring threw away stands in the history, and comes back from there.
    press(page, "link", "History")
    expect(page.get_by_text("after the second version").first).to_be_visible()
    press(page, "button", "Put all back as it was before this")
    expect(page.get_by_text("The skill as it was is back.")).to_be_visible()
    press(page, "link", "Overview")
    page.locator("section[aria-labelledby=intents-title] a.object-row").first.press("Enter")
    expect(page.locator(".row-text").first).to_have_text("after the second version")
