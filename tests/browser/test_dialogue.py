"""What is asked for a slot, and its validations: stored by the page, kept, and heeded in a talk."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import create_from_template
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

TALK = (
    ("order a pizza", "How big?"),
    ("enormous", "We have no such size."),
    ("little", "No small ones today."),
    ("huge", "How many?"),
    ("one", "More than one."),
    ("two", "Three at least."),
    ("two hundred", "Less than a hundred."),
    ("sixty", "Fifty at most."),
    ("five", "Four or six."),
    ("six", "When?"),
    ("yesterday", "Within two weeks."),
    ("tomorrow", "Not so soon."),
    ("in five days", "is fulfilled"),
)
SIZE = (("hasEntityResolutionMatch", {}), ("isNotInSet", {"values": ["small"]}))
COUNT = (
    ("isGreaterThan", {"value": "1"}),
    ("isGreaterThanOrEqualTo", {"value": "3"}),
    ("isLessThan", {"value": "100"}),
    ("isLessThanOrEqualTo", {"value": "50"}),
    ("isInSet", {"values": ["4", "6"]}),
)
DAY = (
    ("isInDuration", {"start": "PT0S", "end": "P2W"}),
    ("isNotInDuration", {"start": "PT0S", "end": "P2D"}),
)


def slot_dialog(name: str, validations: tuple) -> dict:
    """Return the dialog of a required slot; each validation asks by a prompt of its name."""
    rules = [{"type": kind, "prompt": kind, **more} for kind, more in validations]
    prompts = {"elicitation": f"Elicit.{name}"}
    return {"name": name, "elicitationRequired": True, "prompts": prompts, "validations": rules}


def with_dialog(text: str) -> str:
    """Return the document ``text`` with two more slots, all nine validations and their prompts."""
    document = json.loads(text)
    inner = document["interactionModel"]
    [order] = [one for one in inner["languageModel"]["intents"] if one["name"] == "OrderPizza"]
    order["slots"] += [
        {"name": "count", "type": "AMAZON.NUMBER"},
        {"name": "day", "type": "AMAZON.DATE"},
    ]
    by_slot = {"size": SIZE, "count": COUNT, "day": DAY}
    slots = [slot_dialog(name, validations) for name, validations in by_slot.items()]
    inner["dialog"] = {"intents": [{"name": "OrderPizza", "slots": slots}]}
    kinds = [kind for validations in by_slot.values() for kind, _ in validations]
    asked = [*(f"Elicit.{name}" for name in by_slot), *kinds]
    texts = dict(zip(asked, ["How big?", "How many?", "When?", *_VIOLATED], strict=True))
    inner["prompts"] = [
        {"id": one, "variations": [{"type": "PlainText", "value": said}]}
        for one, said in texts.items()
    ]
    return json.dumps(document)


_VIOLATED = [TALK[n][1] for n in (1, 2, 4, 5, 6, 7, 8, 10, 11)]


def test_several_validations_are_written_at_once(page: Page, app: RunningApp) -> None:
    create_from_template(page, app, "Pizza ordering", "Strict pizza")
    page.locator("section[aria-labelledby=intents-title] a.object-row").first.click()
    page.get_by_role("link", name="dialog of crust").click()
    choices = page.get_by_label("Another validation: the value…")
    for number, (kind, label) in enumerate((("isInSet", "Values"), ("isGreaterThan", "A number"))):
        # The next one comes once this one is chosen.
        expect(choices.filter(visible=True)).to_have_count(number + 1)
        choices.nth(number).select_option(kind)
        rule = page.locator(".validation").nth(number)
        rule.get_by_label(label).fill("4")
        rule.get_by_label("What is asked if not").fill(f"Not by {kind}.")
    page.get_by_role("button", name="Save the slot").press("Enter")
    row = page.locator(".dialog-slot", has_text="crust")
    expect(row).to_contain_text("2 validations")
    row.get_by_role("link").first.click()
    expect(page.locator(".validation select").nth(1)).to_have_value("isGreaterThan")
    expect(page.locator(".validation").filter(visible=True)).to_have_count(3)


def test_all_nine_validations_are_kept_shown_and_heeded(page: Page, built_skill: str) -> None:
    page.goto(f"{built_skill}json")
    editor = page.get_by_label("Interaction model as JSON")
    wanted = with_dialog(editor.input_value())
    editor.fill(wanted)
    page.get_by_role("button", name="Review changes").click()
    page.get_by_role("button", name="Replace").press("Enter")
    page.get_by_role("heading", name="Builder checklist").wait_for()
    # The intent says what is asked for; the page of a slot shows what it checks, and stores it.
    page.get_by_role("link", name="OrderPizza").first.click()
    row = page.locator(".slot-row", has=page.get_by_label("Slot type of count"))
    expect(row).to_contain_text("required")
    expect(row).to_contain_text("5 validations")
    row.get_by_role("link", name="dialog of count").click()
    chosen = page.locator("select[name$=-type]")
    expect(chosen.first).to_have_value("isGreaterThan")
    page.get_by_role("button", name="Save the slot").press("Enter")
    expect(page.locator(".dialog-slot", has_text="How many?")).to_contain_text("5 validations")
    page.goto(f"{built_skill}json")
    kept, sent = (json.loads(text)["interactionModel"] for text in (editor.input_value(), wanted))
    assert (kept["dialog"], kept["prompts"]) == (sent["dialog"], sent["prompts"])
    # And the talk heeds each of them.
    page.goto(f"{built_skill}dialogue")
    field, said = page.get_by_label("Say", exact=True), page.get_by_role("log").locator("li")
    for words, answer in TALK:
        field.fill(words)
        page.keyboard.press("Enter")
        expect(said.last).to_contain_text(answer)
        expect(field).to_have_value("")
