"""The console in a browser: the drawer by one key, why, many utterances, teaching from a row."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import grave_violations
from tests.browser.driving import paste
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


@pytest.fixture
def skill_url(built_skill: str) -> str:
    """Return the address of a skill of two versions."""
    return built_skill


def test_the_drawer_comes_by_one_key_and_tells_why(page: Page, skill_url: str) -> None:
    page.goto(skill_url)
    name = page.get_by_label("Name of a new intent")
    name.press("t")
    expect(name).to_have_value("t")
    expect(page.locator("dialog[open]")).to_have_count(0)
    opener = page.get_by_role("link", name="Try T")
    opener.focus()
    page.keyboard.press("t")
    drawer = page.get_by_role("dialog")
    field = drawer.get_by_label("Utterance", exact=True)
    expect(field).to_be_focused()
    page.keyboard.type("bring me something huge")
    page.keyboard.press("Enter")
    dnn = drawer.get_by_role("region", name="DNN")
    expect(dnn.locator(".intent-name")).to_have_text("OrderPizza")
    dnn.get_by_text("Why?").click()
    expect(dnn.get_by_text("bring me something size to eat")).to_be_visible()
    expect(dnn.get_by_text("Word by word")).to_be_visible()
    expect(dnn.locator(".why-tags .slot")).to_have_text("size")
    dnn.get_by_text("Word by word").scroll_into_view_if_needed()
    assert grave_violations(page) == []
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(opener).to_be_focused()
    page.set_viewport_size({"width": 360, "height": 700})
    page.keyboard.press("t")
    expect(field).to_have_value("bring me something huge")
    assert drawer.evaluate("d => [...d.children].every(c => c.scrollWidth <= 360)")
    drawer.get_by_role("button", name="Close").click()
    expect(drawer).to_have_count(0)


def test_single_keys_are_shown_changed_and_turned_off(page: Page, skill_url: str) -> None:
    page.goto(skill_url)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Console, on every page")
    assert grave_violations(page) == []
    page.get_by_role("dialog").get_by_role("link", name="Settings").click()
    page.get_by_label("Key that opens the console").fill("k")
    page.get_by_role("button", name="Save").click()
    page.goto(skill_url)
    page.keyboard.press("t")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("k")
    expect(page.locator("dialog[open]")).to_have_count(1)
    page.goto(skill_url.partition("/skills/")[0] + "/account")
    page.get_by_label("Single keys open").uncheck()
    page.get_by_role("button", name="Save").click()
    page.goto(skill_url)
    page.keyboard.press("k")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.goto(skill_url.partition("/skills/")[0] + "/account")
    page.get_by_label("Single keys open").check()
    page.get_by_label("Key that opens the console").fill("t")
    page.get_by_role("button", name="Save").click()


def test_many_lines_are_sorted_and_taught(page: Page, skill_url: str) -> None:
    page.goto(f"{skill_url}console")
    expect(page.get_by_label("Utterance", exact=True)).to_be_focused()
    paste(page, "order a big pizza\nare you open\nhave you got anything sort of colossal")
    expect(page.get_by_label("Utterances, one a line")).to_be_focused()
    page.get_by_role("button", name="Parse them all").click()
    rows = page.locator(".many-table tbody")
    expect(rows).to_have_count(3)
    head = page.get_by_role("columnheader", name="Utterance")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(rows.first).to_contain_text("order a big pizza")
    head.get_by_role("button").click()
    expect(rows.first).to_contain_text("colossal")

    rows.first.get_by_role("button", name="Teach").click()
    form = rows.first.locator(".lesson")
    with page.expect_response("**/console/lesson"):
        form.get_by_label("means").select_option("OrderPizza")
    field = form.get_by_label("Sample utterance")
    expect(form.locator("[data-mark=size]")).to_be_visible()
    expect(form.locator(".htmx-request, .htmx-settling, .htmx-swapping")).to_have_count(0)
    field.fill("have you got anything sort of colossal")
    field.evaluate("f => f.setSelectionRange(f.value.length - 8, f.value.length)")
    page.keyboard.press("1")
    expect(field).to_have_value("have you got anything sort of {colossal|size}")
    form.get_by_role("button", name="Add sample").click()
    expect(rows.first.get_by_text("Added to OrderPizza")).to_be_visible()

    assert grave_violations(page) == []

    page.goto(f"{skill_url}console?utterance=are+you+open")
    expect(page.locator(".intent-name").first).to_have_text("OpeningHours")
    page.get_by_role("link", name="Earlier utterances").click()
    expect(page.get_by_text("Nothing was parsed yet")).to_be_visible()


def test_two_versions_answer_one_utterance(page: Page, skill_url: str) -> None:
    page.goto(f"{skill_url}console")
    page.get_by_label("Utterance", exact=True).fill("bring me something huge")
    page.get_by_label("compared with").select_option("1")
    expect(page.get_by_role("heading", name="From version 1 to version 2")).to_be_visible()
    expect(page.get_by_text("the same answer")).to_have_count(2)
    expect(page.locator(".columns")).to_have_count(2)
    # A link brings the same answers back, and one click makes a test of them.
    page.get_by_role("link", name="Link to this parse").click()
    page.wait_for_url("**against=1**")
    expect(page.get_by_role("heading", name="From version 1 to version 2")).to_be_visible()
    page.get_by_role("button", name="Add to annotation set").click()
    expect(page.get_by_text("Added to My annotations")).to_be_visible()
    page.get_by_role("button", name="Add to annotation set").click()
    expect(page.get_by_text("has that annotation already")).to_be_visible()


def test_what_programs_say_is_reviewed(
    page: Page, app: RunningApp, skill_and_token: tuple[str, str], skill_url: str
) -> None:
    slug, token = skill_and_token
    page.goto(f"{skill_url}log")
    page.get_by_role("checkbox", name="size").check()
    page.get_by_role("button", name="Switch the parse log on").click()
    expect(page.get_by_text("Nothing was said yet")).to_be_visible()
    for said in ("bring me something huge", "are you shut", "do you open at all"):
        path = f"/api/v1/skills/{slug}/parse"
        assert app.request("POST", path, {"utterance": said}, token=token).status == 200
    page.reload()
    expect(page.get_by_role("heading", name="To review (3)")).to_be_visible()
    expect(page.locator("[data-chart-box] canvas")).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.locator("figure details tbody tr").first).to_contain_text("3")
    # Of a sensitive slot no word is kept.
    expect(page.get_by_text("huge")).to_have_count(0)
    entries = page.locator(".log-entry")
    shut = entries.filter(has_text="are you shut")
    shut.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Accepted. Added to OpeningHours")).to_be_visible()
    other = entries.filter(has_text="do you open at all")
    other.get_by_role("button", name="Ignore").click()
    other.get_by_role("button", name="Undo").click()
    other.get_by_role("button", name="Correct").click()
    other.get_by_role("button", name="Add sample").click()
    expect(other.get_by_text("Added to OpeningHours")).to_be_visible()
    assert grave_violations(page) == []
    page.reload()
    expect(page.get_by_role("heading", name="To review (1)")).to_be_visible()
