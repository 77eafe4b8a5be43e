"""The whole story in a browser: make a skill, teach it, build it, talk to it."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import build
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.timeout(400)]

ORDERS = ["order a {size} pizza", "i want a {size} pizza", "get me a {size} one"]
SIZE = {
    "name": "size",
    "elicitationRequired": True,
    "prompts": {"elicitation": "Size"},
    "validations": [{"type": "hasEntityResolutionMatch", "prompt": "Size"}],
}
ORDER = {"name": "OrderPizza", "confirmationRequired": True, "slots": [SIZE]}
DIALOG = {"intents": [{**ORDER, "prompts": {"confirmation": "Right"}}]}
PROMPTS = [
    {"id": name, "variations": [{"type": "PlainText", "value": text}]}
    for name, text in (("Size", "How big?"), ("Right", "A {size} one?"))
]
HOURS = ["when do you open", "are you open today", "what are your hours"]


def add_intent(page: Page, name: str, samples: list[str]) -> None:
    """Add an intent on the overview, and its samples by Enter."""
    page.get_by_label("Name of a new intent").fill(name)
    page.get_by_role("button", name="Add intent").click()
    field = page.get_by_label("New sample utterance")
    expect(field).to_be_focused()
    for number, sample in enumerate(samples, start=1):
        page.keyboard.type(sample)
        page.keyboard.press("Enter")
        expect(page.locator("li[id^=sample-]")).to_have_count(number)
        expect(field).to_have_value("")
        expect(field).to_be_focused()


def add_values(page: Page) -> None:
    """Fill the slot type Size."""
    page.get_by_label("Name of a new slot type").fill("Size")
    page.get_by_role("button", name="Add slot type").click()
    for number, (value, synonyms) in enumerate([("small", "little"), ("large", "big, huge")], 1):
        page.locator("#new-value").fill(value)
        page.locator("#new-synonyms").fill(synonyms)
        page.keyboard.press("Enter")
        expect(page.locator("[id^=value-]")).to_have_count(number)


def test_from_nothing_to_two_parses(page: Page, app: RunningApp) -> None:
    page.goto(f"{app.url}/skills/new?start=blank")
    page.locator("#id_name").fill("Corner shop")
    expect(page.get_by_text("made for this locale")).to_be_visible()
    page.get_by_role("button", name="Create the skill").click()
    page.get_by_role("heading", name="Builder checklist").wait_for()
    overview = page.url  # Another test may have a skill of that name.

    page.get_by_role("link", name="Console").click()
    expect(page.get_by_text("Build the skill, then talk to it here")).to_be_visible()
    page.goto(overview)
    add_values(page)
    page.goto(overview)
    add_intent(page, "OpeningHours", HOURS)
    page.goto(overview)
    add_intent(page, "OrderPizza", ORDERS)
    expect(page.get_by_text("In a sample, but no slot yet")).to_be_visible()
    expect(page.get_by_label("Slot type of size")).to_have_value("Size")
    page.get_by_role("button", name="Create slot size").click()
    expect(page.get_by_text("no slot yet")).to_have_count(0)

    page.goto(overview)
    build(page)
    expect(page.locator("#build-controls")).to_contain_text("Up to date")
    page.get_by_role("link", name="Try it in the console").click()

    utterance = page.get_by_label("Utterance", exact=True)
    expect(utterance).to_be_focused()
    page.keyboard.type("i want a huge pizza")
    page.keyboard.press("Enter")
    for column in ("DNN", "MaxEnt-CRF"):
        answer = page.get_by_role("region", name=column)
        expect(answer.locator(".intent-name")).to_have_text("OrderPizza")
        expect(answer.locator(".heard .slot")).to_have_text("huge")
        expect(answer.locator(".resolved")).to_have_text("large")
    expect(page.get_by_text("Both understood the same.")).to_be_visible()

    page.keyboard.press("Control+a")
    page.keyboard.type("are you open")
    page.keyboard.press("Enter")
    expect(page.locator(".intent-name").first).to_have_text("OpeningHours")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(utterance).to_have_value("i want a huge pizza")
    page.keyboard.press("ArrowDown")
    expect(utterance).to_have_value("are you open")

    page.get_by_text("Not right? Teach it").click()
    page.get_by_label("Sample utterance, slots in braces").fill("can i come now")
    page.get_by_role("button", name="Add sample").click()
    expect(page.get_by_text("Build again, and it is understood.")).to_be_visible()
    expect(page.locator("#build-controls")).to_contain_text("Changes since the last build")

    page.locator("#utterance").fill("")
    page.locator("#utterance").press("Enter")
    expect(page.get_by_text("The utterance is empty")).to_be_visible()

    # With a dialog, which needs no build, the skill asks for what is missing.
    page.goto(f"{overview}json")
    editor = page.get_by_label("Interaction model as JSON")
    dialog = f'"dialog": {json.dumps(DIALOG)}, "prompts": {json.dumps(PROMPTS)},'
    editor.fill(editor.input_value().replace('"languageModel"', f'{dialog} "languageModel"', 1))
    page.get_by_role("button", name="Review changes").click()
    page.get_by_role("button", name="Replace").click()
    page.get_by_role("heading", name="Builder checklist").wait_for()
    page.get_by_role("link", name="Console").click()
    page.get_by_role("link", name="Dialogue").click()
    expect(page.get_by_label("Say", exact=True)).to_be_focused()
    said = page.get_by_role("log")
    for words, answer in (
        ("order a pizza", "How big?"),
        ("enormous", "How big?"),
        ("big", "A big one?"),
        ("yes", "is fulfilled"),
    ):
        page.keyboard.type(words)
        page.keyboard.press("Enter")
        expect(said.locator("li").last).to_contain_text(answer)
        expect(page.get_by_label("Say", exact=True)).to_have_value("")
    expect(page.locator("#dialogue-slots")).to_contain_text("large")
