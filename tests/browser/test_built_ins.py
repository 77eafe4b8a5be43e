"""What Alexa brings along, from a pasted document to the console: built-in types and intents."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import build
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.timeout(400)]

# Intent, the type of its slot, how it begins; then what is said, and what it means.
SPOKEN = (
    ("SetLevel", "NUMBER", "set the level to", "twenty three", "23"),
    ("BookTable", "DATE", "book a table for", "the third of may", r"20\d\d-05-03"),
    ("WakeMe", "TIME", "wake me at", "half past six in the evening", "18:30"),
    ("StartTimer", "DURATION", "start a timer of", "two and a half hours", "PT2H30M"),
    ("ShowResult", "Ordinal", "show the result that is", "second", "2"),
    ("Unlock", "FOUR_DIGIT_NUMBER", "unlock it with pin", "four two double seven", "4277"),
    ("CallNumber", "PhoneNumber", "dial the number", "five five five one two three", "555123"),
    ("TrackParcel", "AlphaNumeric", "where is parcel", "a b one two three", "AB123"),
    ("SearchWeb", "SearchQuery", "search the web for", "cheap flights", "cheap flights"),
    ("TellWeather", "City", "how is the weather in", "the lunar town", "moonville"),
    ("ReadHoroscope", "Zodiac", "read the horoscope for", "leo", "leo"),
)


def document() -> dict[str, Any]:
    """Return a skill in which the slot "what" has another type in each intent."""
    intents: list[dict[str, Any]] = [
        {
            "name": name,
            "slots": [{"name": "what", "type": f"AMAZON.{kind}"}],
            "samples": [f"{begin} {{what}}", f"please {begin} {{what}}", f"{begin} {{what}} now"],
        }
        for name, kind, begin, _, _ in SPOKEN
    ]
    intents += [{"name": f"AMAZON.{name}Intent"} for name in ("Help", "Stop", "Yes")]
    return {"languageModel": {"invocationName": "what alexa knows", "intents": intents}}


def test_built_in_types_and_intents_are_understood(page: Page, app: RunningApp) -> None:
    page.goto(f"{app.url}/skills/new?start=json")
    page.locator("#id_document").fill(json.dumps({"interactionModel": document()}))
    page.get_by_role("button", name="Create the skill").press("Enter")
    expect(page.get_by_role("heading", name="What Alexa Knows")).to_be_visible()
    skill = page.url
    # A type that we do not know takes any words, and says so.
    page.get_by_role("link", name="ReadHoroscope").first.press("Enter")
    expect(page.get_by_text("AMAZON.Zodiac is not a built-in slot type")).to_be_visible()
    # A list of Alexa's takes values of one's own.
    page.goto(skill)
    page.get_by_role("link", name="TellWeather").first.press("Enter")
    page.get_by_role("button", name="add values to AMAZON.City").press("Enter")
    expect(page.get_by_role("heading", name="AMAZON.City")).to_be_visible()
    page.locator("#new-value").fill("moonville")
    page.locator("#new-synonyms").fill("lunar town")
    page.keyboard.press("Enter")
    expect(page.locator(".values-table tbody tr").first).to_contain_text("moonville")
    build(page)
    page.goto(f"{skill}console")
    field, columns = page.get_by_label("Utterance", exact=True), page.locator("section.column")
    for name, _, begin, said, meant in SPOKEN:
        field.fill(f"{begin} {said}")
        page.keyboard.press("Enter")
        expect(columns.first.locator(".heard")).to_have_text(f"{begin} {said}")
        for column in columns.all():
            expect(column.locator(".intent-name")).to_contain_text(name)
            expect(column.locator("tbody td").nth(2)).to_have_text(re.compile(f"^{meant}$"))
    for said, name in (("stop", "Stop"), ("can you help me", "Help"), ("yes please", "Yes")):
        field.fill(said)
        page.keyboard.press("Enter")
        expect(columns.first.locator(".heard")).to_have_text(said)
        for column in columns.all():
            expect(column.locator(".intent-name")).to_have_text(f"AMAZON.{name}Intent")
            expect(column.locator(".confidence")).to_have_text("100.0 %")


def test_samples_of_several_intents_come_as_csv(page: Page, app: RunningApp) -> None:
    page.goto(f"{app.url}/skills/new?start=blank")
    page.locator("#id_invocation_name").fill("tea counter")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Samples as CSV").press("Enter")
    lines = "intent,sample\nOrderTea,(a|one) tea & cake\nPay,the {bill\n"
    choose = page.get_by_label("CSV or text file")
    file = {"name": "samples.csv", "mimeType": "text/csv", "buffer": lines.encode()}
    choose.set_input_files([file])  # type: ignore[list-item]
    review = page.locator("#many-review")
    expect(review).to_contain_text("Line 2: There is no intent OrderTea")
    page.get_by_label("Make the intents that are not there yet").check()
    expect(review).to_contain_text("Line 3: A brace has no partner")
    page.locator("#many-samples").fill(lines.replace("{bill", "bill"))
    review.get_by_role("button", name="Add 3 samples").press("Enter")
    page.get_by_role("link", name="OrderTea").first.press("Enter")
    expect(page.locator(".row-text")).to_have_text(["one tea and cake", "a tea and cake"])
