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


def test_words_of_a_first_sample_become_a_slot_that_is_made_on_the_way(
    page: Page, app: RunningApp
) -> None:
    page.goto(f"{app.url}/skills/new?start=blank")
    page.locator("#id_invocation_name").fill("tea house")
    page.keyboard.press("Enter")
    page.locator("#intent-name").fill("OrderTea")
    page.keyboard.press("Enter")
    field = page.get_by_label("New sample utterance")
    expect(field).to_be_focused()
    page.keyboard.type("bring me two cups of green tea")
    select(page, "#new-sample", "wo")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_label("New slot for the selected words")).to_be_focused()
    expect(page.get_by_text("“wo” is")).to_be_visible()
    page.keyboard.type("the amount")
    page.keyboard.press("Enter")
    expect(page.locator("[data-mark-error]").first).to_contain_text("How about TheAmount?")
    page.get_by_label("New slot for the selected words").fill("quantity")
    page.keyboard.press("Enter")
    expect(field).to_have_value("bring me {two|quantity} cups of green tea")
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Slot type of quantity")).to_have_value("AMAZON.NUMBER")
    page.get_by_role("button", name="Create slot quantity").press("Enter")
    expect(page.locator("[data-mark=quantity]")).to_be_visible()
    expect(field).to_be_focused()
    # Words that the mouse selects in a sample that is there are selected in its field too.
    words = page.locator(".row-text").first
    words.evaluate(
        """row => {
            const text = row.querySelector("bdi").lastChild;
            const at = text.data.indexOf("green");
            getSelection().setBaseAndExtent(text, at, text, at + 5);
            row.dispatchEvent(new MouseEvent("click", {bubbles: true}));
        }"""
    )
    edit = page.locator("[data-autosave] [name=text]")
    expect(edit).to_be_focused()
    page.keyboard.press("1")
    expect(edit).to_have_value("bring me {two|quantity} cups of {green|quantity} tea")
    page.keyboard.press("Escape")
    # A type of Alexa's that no list here has is typed, accepted and noted.
    page.get_by_label("Slot type of quantity").select_option("?")
    typed = page.get_by_label("Name of the slot type, as Alexa has it")
    expect(typed).to_be_focused()
    typed.fill("Amazon Steps")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Amazon Steps is no slot type of this skill")).to_be_visible()
    typed.fill("AMAZON.Steps")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Slot type of quantity")).to_have_value("AMAZON.Steps")
    expect(page.get_by_text("AMAZON.Steps is not a built-in slot type")).to_be_visible()


def test_what_came_of_an_edit_is_told_where_it_was_made(page: Page, intent_url: str) -> None:
    page.set_viewport_size({"width": 1000, "height": 480})
    field, told = page.locator("#new-sample"), page.locator(".notice-here > .alert")
    for text, note in (
        ("ham & egg pizza!", "Mended: “and” for &, without !."),
        ("Ham and egg pizza", "The intent has that one already."),
        ("a {size pizza", "A brace has no partner"),
    ):
        field.fill(text)
        field.press("Enter")
        expect(told).to_contain_text(note)
        expect(told).to_be_in_viewport()
        expect(field).to_be_in_viewport()
    expect(page.locator(".row-text").first).to_contain_text("ham and egg pizza")
    page.locator("#new-slot").fill("my slot")
    page.keyboard.press("Enter")
    expect(told).to_contain_text("How about MySlot?")
    expect(told).to_be_in_viewport()
    # The count tells how many the search finds.
    page.locator("#sample-search").fill("ham")
    expect(page.get_by_role("heading", name="Sample utterances 1 of 24")).to_be_visible()


def test_the_focus_is_kept_whatever_is_edited(page: Page, intent_url: str) -> None:
    undo, redo = page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Redo")
    rename = page.get_by_role("link", name="Rename slot").first
    label = str(rename.get_attribute("aria-label"))
    rename.press("Enter")
    expect(page.locator("#edit-slot")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name=label)).to_be_focused()
    page.locator("#new-slot").fill("wish")
    page.keyboard.press("Enter")
    expect(page.locator("#new-slot")).to_be_focused()
    page.get_by_role("button", name="Remove slot wish").press("Enter")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(redo).to_be_focused()
    expect(page.get_by_role("button", name="Remove slot wish")).to_be_visible()
    # A check that is fixed goes; what was done can be taken back at once.
    page.locator("#object-checks summary").press("Enter")
    page.locator("#object-checks").get_by_role("button", name="Remove the slot").press("Enter")
    expect(page.get_by_role("button", name="Remove slot wish")).to_have_count(0)
    expect(undo).to_be_focused()


def test_a_key_pressed_as_soon_as_a_row_is_there_edits_it(page: Page, intent_url: str) -> None:
    page.get_by_role("link", name="Edit").first.click()
    edit = page.locator("[data-autosave] [name=text]")
    expect(edit).to_be_focused()
    # No user is as quick as this, but a browser under load is as slow: the new row is asked for
    # in the same moment in which it came.
    page.evaluate(
        """() => document.body.addEventListener("htmx:afterSwap", () => setTimeout(() => {
            document.body.dataset.asked = "";
            document.querySelector("[data-edit]").click();
        }), { once: true })"""
    )
    page.keyboard.press("Escape")
    expect(page.locator("body[data-asked]")).to_be_attached()
    expect(edit).to_be_focused()
    # A page that was left for another would have lost the mark.
    expect(page.locator("body[data-asked]")).to_be_attached()
    assert page.url == intent_url


def test_samples_are_written_taken_back_moved_and_never_overwritten(
    page: Page, intent_url: str
) -> None:
    rows, toast = page.locator(".row-text"), page.locator("#undo-toast")
    field = page.locator("#new-sample")
    before = rows.all_inner_texts()
    # A group shows what it stands for; all of that comes and goes as one.
    field.press_sequentially("(get|bring) me [the] {size} deal")
    expect(page.locator("#sample-expansion li")).to_have_count(4)
    field.press("Enter")
    expect(toast).to_contain_text("Added 4 sample utterances")
    expect(page.locator("#sample-expansion li")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(toast).to_contain_text("Taken back: Added 4 sample utterances")
    expect(rows).to_have_text(before)
    # Whoever types faster than the server answers loses nothing, whenever the answer comes.
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 500, "downloadThroughput": -1, "uploadThroughput": -1}
    network.send("Network.emulateNetworkConditions", slow)
    field.focus()
    for text in ("one of all", "two of all", "three of all", "third"):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    expect(rows.nth(2)).to_have_text("one of all")
    page.keyboard.type("fourth")
    expect(rows.first).to_have_text("third")
    expect(rows.nth(3)).to_have_text("one of all")
    expect(field).to_have_value("fourth")
    field.fill("")
    network.send("Network.emulateNetworkConditions", slow | {"latency": 0})
    page.keyboard.type("first of all")
    page.keyboard.press("Enter")
    page.keyboard.type("second of all")
    page.keyboard.press("Enter")
    page.keyboard.type("third")
    expect(rows.nth(1)).to_have_text("first of all")
    expect(rows.first).to_have_text("second of all")
    expect(field).to_have_value("third")
    expect(field).to_be_focused()
    field.fill("")
    # An edit is saved when its field is left; Escape leaves it as it was.
    edit = page.locator("[data-inline-edit] [name=text]")
    page.get_by_role("link", name="Edit second of all").press("Enter")
    expect(edit).to_be_focused()
    page.keyboard.type(" now")
    page.get_by_label("Name of a new slot").click()
    expect(rows.first).to_have_text("second of all now Saved")
    expect(page.get_by_label("Name of a new slot")).to_be_focused()
    page.get_by_role("link", name="Edit second of all now").press("Enter")
    expect(edit).to_be_focused()
    page.keyboard.type(" or never")
    page.keyboard.press("Escape")
    expect(rows.first).to_have_text("second of all now")
    expect(page.get_by_role("link", name="Edit second of all now")).to_be_focused()
    # Two tabs: both texts are shown, and the author chooses.
    page.keyboard.press("Enter")
    expect(edit).to_be_focused()
    page.keyboard.type(" here")
    other = page.context.new_page()
    other.goto(intent_url)
    other.get_by_role("link", name="Edit second of all now").click()
    other.locator("[data-inline-edit] [name=text]").fill("second of all there")
    other.keyboard.press("Enter")
    expect(other.locator(".row-saved")).to_be_visible()
    other.close()
    edit.press("Enter")
    conflict = page.get_by_role("alert").filter(has_text="changed in another tab")
    expect(conflict).to_contain_text("Stored now: second of all there")
    expect(edit).to_have_value("second of all now here")
    page.get_by_role("button", name="Save mine over it").click()
    expect(rows.first).to_have_text("second of all now here Saved")
    expect(page.get_by_role("link", name="Edit second of all now here")).to_be_focused()
    # Lines of a paste: nothing is added while one is wrong.
    field.evaluate(
        """field => {
            const data = new DataTransfer();
            data.setData("text", "a (big|huge) one\\nhow much?\\nwith {topping");
            field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
        }"""
    )
    review = page.locator("#many-review")
    expect(review).to_contain_text("Line 3: A brace has no partner")
    expect(review.get_by_role("button")).to_be_disabled()
    page.locator("#many-samples").fill("a (big|huge) one\nhow much?\nwith {topping}")
    review.get_by_role("button", name="Add 4 samples").click()
    expect(rows.first).to_have_text("with topping")
    # Several are chosen with Shift, moved with the slots that they need, and taken back.
    boxes = page.locator("[data-choose]")
    boxes.first.click()
    boxes.nth(1).click(modifiers=["Shift"])
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("[data-choose-count]")).to_have_text("3 chosen")
    page.locator("#chosen-target").select_option(label="TrackOrderIntent")
    page.locator(".chosen-actions").get_by_role("button", name="Move").click()
    expect(toast).to_contain_text("Moved 3 sample utterances to TrackOrderIntent")
    expect(toast).to_contain_text("{topping}")
    expect(rows.first).to_contain_text("a big one")
    expect(toast.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows.first).to_have_text("with topping")
