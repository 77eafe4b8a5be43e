"""What only a browser can tell: keyboard, themes, narrow screens, two tabs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driving import Complaints, create_from_template, new_page, sign_in
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

THEME = "document.documentElement.getAttribute('data-bs-theme')"


@pytest.fixture
def skill_url(page: Page, app: RunningApp) -> str:
    """Return the address of a new skill with many intents and slot types."""
    return create_from_template(page, app, "Smart lights", "Lamps")


def first_intent(page: Page, skill_url: str) -> None:
    page.goto(skill_url)
    page.locator("section[aria-labelledby=intents-title] a.object-row").first.click()
    page.get_by_label("New sample utterance").wait_for()


# --- Keyboard -----------------------------------------------------------------------------


def test_the_skip_link_comes_first_and_leads_to_the_content(page: Page, skill_url: str) -> None:
    page.goto(skill_url)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_remove_and_undo_by_keyboard(page: Page, skill_url: str) -> None:
    first_intent(page, skill_url)
    text = page.locator(".row-text").first.inner_text()
    page.get_by_role("button", name="Remove").first.press("Enter")
    expect(page.locator(".row-text").first).not_to_have_text(text)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".row-text").first).to_have_text(text)


def test_a_slot_type_is_changed_by_choosing(page: Page, skill_url: str) -> None:
    first_intent(page, skill_url)
    choice = page.locator("[id^=slot-type-]").first
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        choice.select_option("AMAZON.NUMBER")
    page.reload()
    expect(page.locator("[id^=slot-type-]").first).to_have_value("AMAZON.NUMBER")


# --- A lost session -----------------------------------------------------------------------


def test_a_lost_session_leads_to_the_sign_in_page(page: Page, skill_url: str) -> None:
    first_intent(page, skill_url)
    # The checks come later: without a session they would lead there before anything is typed.
    page.locator("#object-checks details").wait_for(state="attached")
    page.locator("#check-badge:not([hx-get])").wait_for(state="attached")
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("New sample utterance").fill("anyone there")
    page.get_by_label("New sample utterance").press("Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_server_that_is_away_is_told_and_nothing_is_lost(
    page: Page, skill_url: str, complaints: Complaints
) -> None:
    first_intent(page, skill_url)
    page.context.set_offline(True)
    page.get_by_label("New sample utterance").fill("anyone there")
    page.get_by_label("New sample utterance").press("Enter")
    expect(page.get_by_text("The server could not be reached.")).to_be_visible()
    expect(page.get_by_label("New sample utterance")).to_have_value("anyone there")
    page.context.set_offline(False)
    complaints.clear()  # the browser's own words about it


# --- Looks --------------------------------------------------------------------------------


def test_the_theme_follows_the_system_until_one_is_chosen(
    app: RunningApp, browser: Browser, complaints: Complaints
) -> None:
    page = new_page(browser, complaints, color_scheme="dark")
    page.goto(f"{app.url}/login")
    assert page.evaluate(THEME) == "dark"
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.get_by_role("button", name="Colour theme").click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(THEME) == "dark"
    page.reload()
    assert page.evaluate(THEME) == "dark"
    page.get_by_role("button", name="Colour theme").click()
    page.get_by_role("button", name="Like the system").click()
    assert page.evaluate(THEME) == "light"
    page.context.close()


def test_without_scripts_the_forms_still_work(
    app: RunningApp, browser: Browser, complaints: Complaints, page: Page, skill_url: str
) -> None:
    plain = new_page(browser, complaints, java_script_enabled=False)
    sign_in(plain, app)
    first_intent(plain, skill_url)
    plain.get_by_label("New sample utterance").fill("let there be light")
    plain.get_by_label("New sample utterance").press("Enter")
    expect(plain.locator(".row-text").first).to_have_text("let there be light")
    plain.context.close()
