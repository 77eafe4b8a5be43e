"""The intent editor."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Intent, SampleUtterance, Skill, Slot
from skillbuilder.authoring.skills import create_skill

HTMX = {"HTTP_HX_REQUEST": "true"}


def address(name: str, intent: Intent, *more: int) -> str:
    return reverse(name, args=[intent.skill.slug, intent.pk, *more])


def texts(intent: Intent) -> list[str]:
    return [sample.text for sample in intent.samples.all()]


def add(browser: Client, intent: Intent, text: str, **more: Any) -> Any:
    return browser.post(address("sample-create", intent), {"text": text, **more}, **HTMX)


@pytest.fixture
def sample(intent: Intent) -> SampleUtterance:
    """Return the first sample of the intent."""
    return intent.samples.all()[0]


@pytest.fixture
def slot(intent: Intent) -> Slot:
    """Return the slot {size}."""
    return intent.slots.get(name="size")


# --- Page ---------------------------------------------------------------------------------


def test_the_page_shows_samples_with_chips_and_slots(browser: Client, intent: Intent) -> None:
    page = browser.get(address("intent-detail", intent)).content.decode()
    assert 'order a <span class="slot slot-0">size</span> pizza' in page
    assert '<option value="Size" selected>' in page
    assert '<option value="AMAZON.DATE">' in page


def test_a_new_intent_teaches(browser: Client, skill: Skill) -> None:
    new = skill.intents.create(name="Empty", position=9)
    assert b"press Enter after each" in browser.get(address("intent-detail", new)).content


def test_a_built_in_intent_says_what_it_understands(browser: Client, skill: Skill) -> None:
    stop = skill.intents.get(name="AMAZON.StopIntent")
    page = browser.get(address("intent-detail", stop)).content.decode()
    assert "Understood already" in page
    assert ">stop</bdi>" in page


def test_samples_are_searched_and_paged(browser: Client, intent: Intent) -> None:
    add(browser, intent, "\n".join(f"give me number {word}" for word in "abcdefghijklmnop"))
    add(browser, intent, "\n".join(f"bring me thing {word}" for word in "abcdefghijklmnop"))
    found = browser.get(address("intent-detail", intent), {"q": "NUMBER P"}, **HTMX)
    assert found.content.count(b'class="list-group-item row-item" id="sample-') == 1
    older = browser.get(address("intent-detail", intent), {"page": 2}).content
    assert b"Page 2 of 2" in older
    assert b"order a" in older


# --- Samples ------------------------------------------------------------------------------


def test_add_a_sample_on_enter(browser: Client, intent: Intent) -> None:
    revision = intent.skill.revision
    answer = add(browser, intent, "  get me   a {size} one ")
    assert answer.status_code == 200
    assert b"<html" not in answer.content  # a piece of the page, for htmx
    assert texts(intent)[-1] == "get me a {size} one"
    intent.skill.refresh_from_db()
    assert intent.skill.revision == revision + 1


def test_a_plain_form_works_without_scripts(browser: Client, intent: Intent) -> None:
    answer = browser.post(address("sample-create", intent), {"text": "feed me"})
    assert answer["Location"] == address("intent-detail", intent)
    assert texts(intent)[-1] == "feed me"


def test_paste_many_lines(browser: Client, intent: Intent) -> None:
    answer = add(browser, intent, "one pizza\r\n\r\ntwo pizzas\nOne  Pizza\norder a {size} pizza")
    assert texts(intent)[-2:] == ["one pizza", "two pizzas"]
    assert "2 were skipped" in answer.content.decode()


def test_punctuation_is_removed_with_a_note(browser: Client, intent: Intent) -> None:
    answer = add(browser, intent, "hey, can i have a pizza?")
    assert texts(intent)[-1] == "hey can i have a pizza"
    assert "Mended: without , ?." in answer.content.decode()


@pytest.mark.parametrize("text", ["أريد بيتزا {size}", "ピザをください", "p.m. o'clock ice-cream"])
def test_other_scripts_are_kept_as_they_are(browser: Client, intent: Intent, text: str) -> None:
    add(browser, intent, text)
    assert texts(intent)[-1] == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "This field is required"),
        ("  \n ", "This field is required"),
        ("order a {size pizza", "A brace has no partner"),
        ("order a {} pizza", "The braces name no slot"),
        ("???", "There are no words"),
        ("\u200b\u202e", "There are no words"),
        ("word " * 300, "may have 1,000 characters"),
        ("fine\nbroken }", "A brace has no partner"),
        ("nul\x00", "Null characters"),
        ("x\n" * 5_001, "At most 5,000 lines"),
    ],
)
def test_a_refused_sample_adds_nothing(
    browser: Client, intent: Intent, text: str, told: str
) -> None:
    before = texts(intent)
    answer = add(browser, intent, text)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert texts(intent) == before


def test_text_is_shown_and_never_run(browser: Client, intent: Intent) -> None:
    intent.samples.create(text="<script>alert(1)</script> {<b>}", position=9)
    page = browser.get(address("intent-detail", intent)).content.decode()
    assert "<script>alert" not in page
    assert "<b>" not in page


def test_edit_a_sample(browser: Client, intent: Intent, sample: SampleUtterance) -> None:
    field = browser.get(address("sample-edit", intent, sample.pk), **HTMX).content.decode()
    assert 'name="text" dir="auto" value="order a {size} pizza"' in field
    form = {"text": "order me a {size} pizza!", "stamp": stamp(sample)}
    answer = browser.post(address("sample-edit", intent, sample.pk), form, **HTMX)
    assert texts(intent)[0] == "order me a {size} pizza"
    # The row alone, and what else an edit changes: never the fields that others type into.
    assert "Saved, without !" in answer.text
    assert "Changed “order a {size} pizza” to “order me a {size} pizza”" in answer.text
    assert answer.text.count("<li ") == 1
    assert "new-sample" not in answer.text
    back = browser.get(address("sample-edit", intent, sample.pk), {"cancel": "1"}, **HTMX).text
    assert "edit-sample" not in back
    assert browser.post(address("sample-edit", intent, sample.pk), form).status_code == 409


def test_a_wrong_edit_changes_nothing_and_keeps_what_was_typed(
    browser: Client, intent: Intent, sample: SampleUtterance
) -> None:
    form = {"text": "order {", "stamp": stamp(sample)}
    answer = browser.post(address("sample-edit", intent, sample.pk), form, **HTMX)
    assert answer.status_code == 422
    assert 'value="order {"' in answer.content.decode()
    assert texts(intent)[0] == "order a {size} pizza"


def test_two_tabs_do_not_overwrite_each_others_sample(
    browser: Client, intent: Intent, sample: SampleUtterance
) -> None:
    seen = stamp(sample)
    edit = address("sample-edit", intent, sample.pk)
    browser.post(edit, {"text": "from the first tab", "stamp": seen}, **HTMX)
    answer = browser.post(edit, {"text": "from the second tab", "stamp": seen}, **HTMX)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "changed in another tab" in page
    assert "Stored now: " in page
    assert "from the first tab" in page
    assert 'value="from the second tab"' in page
    assert "data-autosave" not in page  # or leaving the field would choose
    assert texts(intent)[0] == "from the first tab"
    form = {"text": "from the second tab", "stamp": stamp(intent.samples.get(pk=sample.pk))}
    assert form["stamp"] in page
    browser.post(edit, form, **HTMX)
    assert texts(intent)[0] == "from the second tab"


def test_an_edit_of_a_removed_sample_says_so(
    browser: Client, intent: Intent, sample: SampleUtterance
) -> None:
    seen, edit = stamp(sample), address("sample-edit", intent, sample.pk)
    sample.delete()
    answer = browser.post(edit, {"text": "too late", "stamp": seen}, **HTMX)
    assert answer.status_code == 409
    assert "removed in another tab" in answer.content.decode()
    assert "too late" not in texts(intent)


def test_remove_a_sample_and_undo(browser: Client, intent: Intent, sample: SampleUtterance) -> None:
    before = texts(intent)
    form = {"stamp": stamp(sample)}
    answer = browser.post(address("sample-delete", intent, sample.pk), form, **HTMX)
    assert "Removed sample utterance “order a {size} pizza”" in answer.text
    assert texts(intent) == before[1:]
    change = intent.skill.changes.get()
    undo = reverse("change-undo", args=[intent.skill.slug, change.pk])
    assert undo in answer.text
    page = browser.post(undo, {"next": address("intent-detail", intent)}, follow=True, **HTMX)
    assert "Taken back: Removed sample" in page.text
    assert texts(intent) == before
    # Gone in the other tab too: back under its old address.
    assert browser.get(address("sample-edit", intent, sample.pk), **HTMX).status_code == 200


def test_a_changed_sample_is_not_removed_unseen(
    browser: Client, intent: Intent, sample: SampleUtterance
) -> None:
    seen = stamp(sample)
    SampleUtterance.objects.filter(pk=sample.pk).update(text="changed meanwhile")
    answer = browser.post(address("sample-delete", intent, sample.pk), {"stamp": seen}, **HTMX)
    assert answer.status_code == 409
    assert "changed meanwhile" in texts(intent)


def test_removing_twice_is_no_error(
    browser: Client, intent: Intent, sample: SampleUtterance
) -> None:
    remove, form = address("sample-delete", intent, sample.pk), {"stamp": stamp(sample)}
    browser.post(remove, form, **HTMX)
    assert browser.post(remove, form, **HTMX).status_code == 200


# --- Marking words as a slot --------------------------------------------------------------


def marked(browser: Client, intent: Intent, text: str, start: int, end: int, slot: str) -> Any:
    form = {"text": text, "start": start, "end": end, "slot": slot}
    return browser.post(address("sample-mark", intent), form)


def test_selected_words_become_a_slot_and_nothing_is_stored(
    browser: Client, intent: Intent
) -> None:
    before = texts(intent)
    answer = marked(browser, intent, "a larg pizza", 3, 5, "size").json()
    assert answer == {"text": "a {larg|size} pizza", "cursor": 13}
    answer = marked(browser, intent, answer["text"], 5, 5, "").json()
    assert answer["text"] == "a larg pizza"
    assert texts(intent) == before


def test_words_may_become_a_slot_that_is_none_yet(browser: Client, intent: Intent) -> None:
    form = {"text": "a big pizza", "start": 2, "end": 4}
    mark = address("sample-mark", intent)
    answer = browser.post(mark, form | {"new_slot": "{bigness}"}).json()
    assert answer["text"] == "a {big|bigness} pizza"
    assert not intent.slots.filter(name="bigness").exists()
    refused = browser.post(mark, form | {"new_slot": "big ness"})
    assert refused.status_code == 422
    assert "How about BigNess?" in refused.json()["error"]


@pytest.mark.parametrize(
    ("text", "start", "slot", "told"),
    [
        ("a pizza", 2, "topping", "was removed meanwhile"),
        ("a pizza", 2, "", "no marked word"),
        ("a {pizza", 2, "size", "no partner"),
        ("a" * 1_001, 0, "size", "at most 1000"),
        ("a pizza", -1, "size", "greater than or equal to 0"),
        ("a pizza\x00", 0, "size", "Null characters"),
    ],
)
def test_what_cannot_be_marked_is_told(
    browser: Client, intent: Intent, text: str, start: int, slot: str, told: str
) -> None:
    answer = marked(browser, intent, text, start, 4, slot)
    assert answer.status_code == 422
    assert told in answer.json()["error"]


def test_a_stranger_marks_nothing(browser_of: Any, charlie: Any, intent: Intent) -> None:
    assert marked(browser_of(charlie), intent, "a pizza", 2, 7, "size").status_code == 404


def test_a_span_that_cuts_a_word_takes_it_whole(
    browser: Client, intent: Intent, sample: SampleUtterance
) -> None:
    page = add(browser, intent, "a {larg|size}e one").content.decode()
    assert texts(intent)[-1] == "a {large|size} one"
    assert 'class="slot slot-0" title="size">large<span class="slot-name">' in page
    assert "Mended: its marked span widened to whole words." in page
    form = {"text": "a {smal|size}l one", "stamp": stamp(sample)}
    browser.post(address("sample-edit", intent, sample.pk), form, **HTMX)
    assert texts(intent)[0] == "a {small|size} one"


# --- Slots --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "type_name"),
    [
        ("size", "Size"),
        ("otherSize", "Size"),
        ("delivery_date", "AMAZON.DATE"),
        ("guestCount", "AMAZON.NUMBER"),
    ],
)
def test_an_unknown_slot_is_offered_with_a_likely_type(
    browser: Client, skill: Skill, name: str, type_name: str
) -> None:
    hours = skill.intents.get(name="OpeningHours")
    page = add(browser, hours, f"are you open on {{{name}}}").content.decode()
    offer = page.partition("In a sample, but no slot yet")[2]
    assert f'<option value="{type_name}" selected>' in offer
    assert f"Create slot {name}" in offer
    form = {"name": name, "type_name": type_name}
    page = browser.post(address("slot-create", hours), form, **HTMX).content.decode()
    assert "no slot yet" not in page
    assert hours.slots.get(name=name).type_name == type_name


def test_a_slot_may_bring_its_slot_type_along(browser: Client, intent: Intent) -> None:
    page = add(browser, intent, "a pizza with {topping}").content.decode()
    offer = page.partition("In a sample, but no slot yet")[2]
    assert '<option value="+Topping" selected>new slot type Topping</option>' in offer
    form = {"name": "topping", "type_name": "+Topping"}
    browser.post(address("slot-create", intent), form, **HTMX)
    assert intent.slots.get(name="topping").type_name == "Topping"
    assert intent.skill.slot_types.filter(name="Topping").exists()


def test_a_refused_slot_brings_no_slot_type(browser: Client, intent: Intent) -> None:
    form = {"name": "size", "type_name": "+size"}
    assert browser.post(address("slot-create", intent), form, **HTMX).status_code == 422
    form = {"name": "sIZE", "type_name": "+Other"}
    assert browser.post(address("slot-create", intent), form, **HTMX).status_code == 422
    assert [row.name for row in intent.skill.slot_types.all()] == ["Size"]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"name": "", "type_name": "Size"}, "This field is required"),
        ({"name": "two words", "type_name": "Size"}, "How about TwoWords?"),
        ({"name": "size", "type_name": "Size"}, "There is size already"),
        ({"name": "fine", "type_name": "Nonsense"}, "Select a valid choice"),
    ],
)
def test_a_refused_slot_adds_nothing(
    browser: Client, intent: Intent, form: dict[str, str], told: str
) -> None:
    answer = browser.post(address("slot-create", intent), form, **HTMX)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert intent.slots.count() == 1


def test_renaming_a_slot_renames_its_mentions(browser: Client, intent: Intent, slot: Slot) -> None:
    intent.samples.create(text="a {large|size} or {sizes}", position=9)
    form = {"name": "{how_big}", "stamp": stamp(slot)}
    answer = browser.post(address("slot-rename", intent, slot.pk), form, **HTMX)
    assert "also in 4 sample utterances" in answer.content.decode()
    assert texts(intent)[0] == "order a {how_big} pizza"
    assert texts(intent)[-1] == "a {large|how_big} or {sizes}"
    assert intent.slots.get().name == "how_big"


def test_another_type_for_a_slot(browser: Client, intent: Intent, slot: Slot) -> None:
    form = {"type_name": "AMAZON.NUMBER", "stamp": stamp(slot)}
    browser.post(address("slot-retype", intent, slot.pk), form, **HTMX)
    slot.refresh_from_db()
    assert slot.type_name == "AMAZON.NUMBER"
    answer = browser.post(
        address("slot-retype", intent, slot.pk), form | {"type_name": "Size"}, **HTMX
    )
    assert answer.status_code == 409  # with the stamp of before the change
    slot.refresh_from_db()
    assert slot.type_name == "AMAZON.NUMBER"


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [("AMAZON.Steps", True), ("AMAZON.", False), ("Steps", False), ("AMAZON.{x}", False)],
)
def test_any_type_of_alexas_may_be_typed(
    browser: Client, intent: Intent, slot: Slot, name: str, is_taken: bool
) -> None:
    retype, form = address("slot-retype", intent, slot.pk), {"stamp": stamp(slot)}
    page = browser.post(retype, form | {"type_name": "?"}, **HTMX).content.decode()
    assert 'name="type_name" value="AMAZON."' in page
    page = browser.post(retype, form | {"type_name": name}, **HTMX).content.decode()
    slot.refresh_from_db()
    assert (slot.type_name == name) is is_taken
    assert ("is not a built-in slot type that we know" in page) is is_taken
    assert (f"{name} is no slot type of this skill" in page) is not is_taken


def test_an_undeclared_type_is_shown_and_can_be_kept(
    browser: Client, intent: Intent, slot: Slot
) -> None:
    Slot.objects.filter(pk=slot.pk).update(type_name="Gone")
    page = browser.get(address("intent-detail", intent)).content.decode()
    assert '<option value="Gone" selected>' in page
    assert "The slot type &#x27;Gone&#x27; is not declared" in page


def test_remove_a_slot(browser: Client, intent: Intent, slot: Slot) -> None:
    form = {"stamp": stamp(slot)}
    page = browser.post(address("slot-delete", intent, slot.pk), form, **HTMX).content.decode()
    assert not intent.slots.exists()
    assert "Undo" in page
    assert "Create slot size" in page


# --- The intent ---------------------------------------------------------------------------


def test_rename_an_intent(browser: Client, intent: Intent) -> None:
    form = {"name": "BuyPizza", "stamp": stamp(intent)}
    assert browser.post(address("intent-rename", intent), form).status_code == 302
    intent.refresh_from_db()
    assert intent.name == "BuyPizza"


def test_names_change_in_the_dialog_too(
    browser: Client, alice: Any, tiny_document: dict[str, Any]
) -> None:
    said = {"confirmationRequired": True}
    tiny_document["interactionModel"]["dialog"] = {
        "delegationStrategy": "ALWAYS",
        "intents": [
            {"name": "OrderPizza", "slots": [{"name": "size", "type": "Size", **said}], **said},
            {"name": "OpeningHours", "slots": [{"name": "size", "type": "Size"}]},
        ],
    }
    model = InteractionModel.from_json(tiny_document)
    skill = create_skill(alice, name="Dialog", locale="en-US", model=model)
    intent, slot_type = skill.intents.get(name="OrderPizza"), skill.slot_types.get()
    slot = intent.slots.get()
    form = {"name": "big", "stamp": stamp(slot)}
    browser.post(address("slot-rename", intent, slot.pk), form)
    browser.post(address("intent-rename", intent), {"name": "Buy", "stamp": stamp(intent)})
    rename_type = reverse("slot-type-rename", args=[skill.slug, slot_type.pk])
    browser.post(rename_type, {"name": "Extent", "stamp": stamp(slot_type)})
    skill.refresh_from_db()
    assert export_interaction_model(skill).to_json()["interactionModel"]["dialog"] == {
        "delegationStrategy": "ALWAYS",
        "intents": [
            {"name": "Buy", "slots": [{"name": "big", "type": "Extent", **said}], **said},
            {"name": "OpeningHours", "slots": [{"name": "size", "type": "Extent"}]},
        ],
    }


@pytest.mark.parametrize(("name", "status"), [("OpeningHours", 422), ("", 422), ("no good", 422)])
def test_a_refused_rename_changes_nothing(
    browser: Client, intent: Intent, name: str, status: int
) -> None:
    form = {"name": name, "stamp": stamp(intent)}
    assert browser.post(address("intent-rename", intent), form).status_code == status
    intent.refresh_from_db()
    assert intent.name == "OrderPizza"


def test_delete_an_intent(browser: Client, intent: Intent) -> None:
    page = browser.get(address("intent-delete", intent)).content.decode()
    assert "3 sample utterances" in page
    browser.post(address("intent-delete", intent), {"stamp": stamp(intent)})
    assert not Intent.objects.filter(pk=intent.pk).exists()


def test_every_change_counts_and_is_exported(browser: Client, intent: Intent) -> None:
    add(browser, intent, "hungry")
    model = export_interaction_model(intent.skill)
    assert "hungry" in model.intents[0].samples
