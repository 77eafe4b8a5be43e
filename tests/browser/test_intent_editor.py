"""The intent editor as people use it: mouse, keyboard, two tabs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import create_from_template
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


@pytest.fixture
def intent_url(page: Page, app: RunningApp) -> str:
    """Return the address of an intent with several slots, which the page shows."""
    page.goto(create_from_template(page, app, "Pizza ordering", "Pizza"))
    page.locator("section[aria-labelledby=intents-title] a.object-row").first.click()
    page.get_by_label("New sample utterance").wait_for()
    return page.url


def select(page: Page, field: str, words: str) -> None:
    """Select ``words`` in the field."""
    page.locator(field).evaluate(
        """(field, words) => {
            const start = field.value.indexOf(words);
            field.focus();
            field.setSelectionRange(start, start + words.length);
        }""",
        words,
    )


def test_words_are_marked_by_keyboard_and_mouse(page: Page, intent_url: str) -> None:
    form = page.locator("form.sample-form", has=page.locator("#new-sample"))
    field = page.locator("#new-sample")
    first, second = (form.locator("[data-mark]").nth(n).get_attribute("data-mark") for n in (0, 1))
    field.fill("👋 i want two pizzas now")
    # Cut in the middle of a word, and behind a character that JavaScript counts twice.
    select(page, "#new-sample", "wo")
    page.keyboard.press("1")
    expect(field).to_have_value(f"👋 i want {{two|{first}}} pizzas now")
    expect(form.locator("[data-sample-preview] .slot")).to_contain_text("two")
    page.keyboard.press("Control+z")
    expect(field).to_have_value("👋 i want two pizzas now")
    select(page, "#new-sample", "two")
    form.locator(f'[data-mark="{second}"]').click()
    expect(field).to_have_value(f"👋 i want {{two|{second}}} pizzas now")
    form.get_by_role("button", name="no slot").click()
    expect(field).to_have_value("👋 i want two pizzas now")
    form.get_by_role("button", name="no slot").click()
    expect(form.get_by_role("alert")).to_contain_text("There is no marked word here")
    field.fill("room 1 two")
    page.keyboard.press("End")
    page.keyboard.type("1")  # nothing is selected: a digit is a digit
    expect(field).to_have_value("room 1 two1")
    field.fill("i want two pizzas now")
    select(page, "#new-sample", "two")
    page.keyboard.press("1")
    expect(field).to_have_value(f"i want {{two|{first}}} pizzas now")
    page.keyboard.press("Enter")
    expect(page.locator(".row-text .slot").first).to_contain_text("two")
    page.get_by_role("link", name="Edit").first.click()
    edit = "[data-autosave] [name=text]"
    select(page, edit, "now")
    page.keyboard.press("2")
    expect(page.locator(edit)).to_have_value(f"i want {{two|{first}}} pizzas {{now|{second}}}")
    page.keyboard.press("Enter")
    expect(page.locator(".row-text").first.locator(".slot")).to_have_count(2)
