"""The home page, a new skill, its checklist and its words, as one who has no mouse meets them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import create_from_template
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


def test_a_skill_of_ones_own_from_the_first_line_to_the_list(page: Page, app: RunningApp) -> None:
    page.goto(f"{app.url}/skills/new")
    page.get_by_label("Blank").focus()
    page.keyboard.press("Space")
    field, check = page.locator("#id_invocation_name"), page.locator("#invocation-name-check")
    field.press_sequentially("The Moon app")
    expect(check).to_contain_text("lower case")
    expect(check).to_contain_text("'app'")
    field.fill("moon garden")
    expect(check).to_contain_text("Alexa takes “moon garden”")
    page.locator("#id_locale").select_option("en-GB")
    field.press("Enter")
    steps = page.locator("#checklist li")
    expect(steps).to_have_count(6)
    expect(steps.filter(has_text="Done:")).to_have_count(1)
    # Each step leads to its place.
    page.get_by_role("link", name="Two intents of your own").press("Enter")
    expect(page).to_have_url(re.compile("#intent-name$"))
    page.locator("#intent-name").fill("Plant")
    page.keyboard.press("Enter")
    page.get_by_label("New sample utterance").fill("plant a tulip")
    page.keyboard.press("Enter")
    expect(page.locator(".row-text")).to_have_text(["plant a tulip"])
    page.get_by_role("link", name="Overview").press("Enter")
    expect(page.get_by_text("Too few in Plant.")).to_be_visible()
    page.get_by_role("button", name="Hide the builder checklist").press("Enter")
    expect(page.locator("#checklist")).to_have_count(0)
    page.get_by_role("button", name="Show the builder checklist").press("Enter")
    expect(page.locator("#checklist")).to_be_visible()
    # The list finds it, by what people say, and by what it is.
    page.get_by_role("link", name="Skills", exact=True).first.press("Enter")
    page.get_by_label("Search by name").fill("moon g")
    rows = page.locator("#skills tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Moon Garden")
    page.get_by_label("Status").select_option("ready")
    expect(page.get_by_text("No skill is called “moon g”")).to_be_visible()
    page.get_by_label("Status").select_option("draft")
    page.get_by_label("Locale").select_option("en-GB")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile(r"q=moon(%20|\+)g&locale=en-GB&status=draft"))


def test_the_templates_are_those_of_the_locale(page: Page, app: RunningApp) -> None:
    page.goto(f"{app.url}/skills/new")
    templates, locale = page.locator(".sample-skill"), page.locator("#id_locale")
    name, invoked = page.locator("#id_name"), page.locator("#id_invocation_name")
    expect(templates).to_have_count(3)
    expect(name).to_have_attribute("placeholder", "Pizza ordering")
    page.get_by_text("Smart lights", exact=True).click()
    expect(invoked).to_have_attribute("placeholder", "bright home")
    locale.select_option("en-GB")
    expect(templates).to_have_count(3)
    expect(page.get_by_role("radio", name="Smart lights")).to_be_checked()
    locale.select_option("fr-FR")
    expect(page.get_by_text("no template in this language yet")).to_be_visible()
    page.get_by_role("link", name="1 template in German").press("Enter")
    expect(locale).to_have_value("de-DE")
    expect(page.get_by_role("radio", name="Bahnreise")).to_be_checked()
    expect(name).to_have_attribute("placeholder", "Bahnreise")
    expect(invoked).to_have_attribute("placeholder", "mein fahrplan")
    page.get_by_role("button", name="Create the skill").press("Enter")
    expect(page.get_by_role("heading", name="Bahnreise")).to_contain_text("de-DE")
    page.get_by_role("link", name="PlatzReservierenIntent").first.press("Enter")
    expect(page.locator(".row-text").last).to_have_text("reservier mir einen Platz")


def test_a_refused_document_is_kept_with_all_that_was_typed(page: Page, app: RunningApp) -> None:
    page.goto(f"{app.url}/skills/new?start=json")
    page.locator("#id_document").fill('{"intents": 7}')
    page.locator("#id_name").fill("Kept name")
    page.locator("#id_invocation_name").fill("kept words")
    page.locator("#id_locale").select_option("de-DE")
    page.get_by_role("button", name="Create the skill").click()
    expect(page.locator("#problems")).to_contain_text("$.intents")
    expect(page.locator("#id_document")).to_have_value('{"intents": 7}')
    expect(page.locator("#id_name")).to_have_value("Kept name")
    expect(page.locator("#id_invocation_name")).to_have_value("kept words")
    expect(page.locator("#id_locale")).to_have_value("de-DE")


def test_the_words_of_a_skill_by_keyboard(page: Page, app: RunningApp) -> None:
    create_from_template(page, app, "Pizza ordering", "Word pizza")
    page.get_by_role("link", name="Words").press("Enter")
    page.get_by_role("searchbox", name="A word").fill("enormous")
    page.keyboard.press("Enter")
    own = page.locator(".near-list").last
    expect(own.locator("li").first).to_contain_text("large")
    expect(own.locator("li").first).to_contain_text("PizzaSize")
    expect(page.locator(".map-asked text")).to_have_text("enormous")
    # A dot whose label has no room shows it when it has the focus, and leads to its word.
    quiet = page.locator(".map-quiet").first
    text = quiet.locator("text")
    expect(text).to_be_hidden()
    quiet.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(quiet).to_be_focused()
    expect(text).to_be_visible()
    word = text.text_content()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Near “{word}”")).to_be_visible()
    # Whoever does not want the picture is soon past it.
    page.get_by_role("link", name="Skip the picture").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name=re.compile("^extra large PizzaSize"))).to_be_visible()
