"""Checks and the JSON tab, as people use them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import create_from_template
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


@pytest.fixture
def skill_url(page: Page, app: RunningApp) -> str:
    """Return the address of a new skill."""
    return create_from_template(page, app, "Smart lights", "Checked lamps")


def test_checks_are_seen_at_their_object_fixed_dismissed_and_restored(
    page: Page, skill_url: str
) -> None:
    row = page.locator("section[aria-labelledby=intents-title] a.object-row").first
    row.click()
    sample = page.get_by_label("New sample utterance")
    sample.fill("turn everything off")
    sample.press("Enter")
    expect(page.locator(".row-text").first).to_have_text("turn everything off")
    page.goto(skill_url)
    expect(page.locator(".object-badge").first).to_be_visible()
    # The tab says how many there are, and leads to them.
    tab = page.get_by_role("link", name=re.compile("Checks"))
    expect(tab.locator(".check-count")).to_be_visible()
    tab.click()
    conflict = page.locator(".check", has_text="This sample stands already in").first
    conflict.get_by_role("button", name=re.compile("Keep it in")).first.press("Enter")
    expect(page.get_by_text("Done: Keep it in")).to_be_visible()
    expect(page.locator(".check", has_text="This sample stands already in")).to_have_count(0)
    # A fix is taken back like any edit, here with the keyboard, and done again.
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Taken back: Removed sample utterance")).to_be_visible()
    expect(conflict).to_be_visible()
    page.keyboard.press("Control+Shift+z")
    expect(conflict).to_have_count(0)
    # Dismissed, it is listed apart, and comes back.
    near = page.locator(".check", has_text="means nearly the same").first
    text = near.locator(".problem-text bdi").nth(1).inner_text()
    near.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text(text)).to_have_count(0)
    page.get_by_role("link", name="Dismissed 1").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Nothing is dismissed")).to_be_visible()
    page.get_by_role("link", name=re.compile("^All")).click()
    expect(page.get_by_text(text)).to_be_visible()
    # The same stands in the editor of its intent.
    place = page.locator(".check", has_text=text).get_by_role("link")
    place.click()
    panel = page.locator("#object-checks")
    panel.locator("summary").click()
    expect(panel.get_by_text(text).last).to_be_visible()


def test_the_document_is_edited_checked_reviewed_and_replaced(page: Page, skill_url: str) -> None:
    page.goto(f"{skill_url}json")
    editor = page.get_by_label("Interaction model as JSON")
    expect(page.locator(".json-key").first).to_be_visible()
    whole = editor.input_value()
    assert page.locator("[data-lines]").inner_text().split()[-1] == str(whole.count("\n") + 1)
    # Broken text: its line is named at once, and a click leads there.
    editor.fill(whole.replace('"intents": [', '"intents" [', 1))
    link = page.get_by_role("link", name=re.compile("^Line"))
    expect(link).to_have_count(1)
    line = int(link.inner_text().removeprefix("Line "))
    link.click()
    expect(editor).to_be_focused()
    selected = "e => e.value.slice(e.selectionStart, e.selectionEnd)"
    assert '"intents" [' in editor.evaluate(selected)
    expect(page.locator("[data-lines] .code-error")).to_have_text(str(line))
    # Put right with another sample: what changes is shown, and only then stored.
    editor.fill(whole.replace('"samples": [', '"samples": [\n"let there be much more light",', 1))
    expect(page.locator("#json-problems")).not_to_contain_text("not JSON")
    page.get_by_role("button", name="Review changes").click()
    expect(page.get_by_role("heading", name="1 change", exact=True)).to_be_visible()
    expect(page.locator(".difference-added")).to_contain_text("let there be much more light")
    page.get_by_role("button", name="Back to the text").click()
    expect(editor).to_have_value(re.compile("let there be much more light"))
    page.get_by_role("button", name="Review changes").click()
    page.get_by_role("button", name="Replace").press("Enter")
    page.get_by_role("heading", name="Builder checklist").wait_for()
    expect(page.get_by_text("The interaction model was replaced")).to_be_visible()
