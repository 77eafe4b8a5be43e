"""The slot type editor."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill, Slot, SlotType, SlotValue

HTMX = {"HTTP_HX_REQUEST": "true"}


def address(name: str, slot_type: SlotType, *more: int) -> str:
    return reverse(name, args=[slot_type.skill.slug, slot_type.pk, *more])


def content(slot_type: SlotType) -> list[tuple[str, list[str], str]]:
    return [(row.value, row.synonyms, row.value_id) for row in slot_type.values.all()]


@pytest.fixture
def value(slot_type: SlotType) -> SlotValue:
    """Return the value "small"."""
    return slot_type.values.get(value="small")


def test_the_page_shows_values_and_who_uses_them(browser: Client, slot_type: SlotType) -> None:
    page = browser.get(address("slot-type-detail", slot_type)).content.decode()
    for shown in ("small", "little", "huge", "OrderPizza"):
        assert shown in page


def test_add_a_value(browser: Client, slot_type: SlotType) -> None:
    form = {"value": " extra  large ", "synonyms": "giant, jumbo,, giant", "value_id": "XL"}
    answer = browser.post(address("value-create", slot_type), form, **HTMX)
    assert answer.status_code == 200
    assert content(slot_type)[-1] == ("extra large", ["giant", "jumbo"], "XL")


def test_add_many_values(browser: Client, slot_type: SlotType) -> None:
    form = {"lines": "medium: regular, normal\r\n\r\ntiny\nSMALL: again"}
    page = browser.post(address("values-create", slot_type), form, **HTMX).content.decode()
    assert content(slot_type)[-2:] == [("medium", ["regular", "normal"], ""), ("tiny", [], "")]
    assert "2 values added. 1 skipped" in page


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"value": ""}, "This field is required"),
        ({"value": "Small"}, "has Small already"),
        ({"value": "x" * 141}, "may have 140 characters"),
        ({"value": "\u200b"}, "can be seen"),
        ({"value": "fine", "synonyms": "ok, \u202e"}, "can be seen"),
        ({"value": "fine", "synonyms": "y" * 141}, "may have 140 characters"),
        ({"value": "fine", "value_id": "z" * 201}, "at most 200 characters"),
    ],
)
def test_a_refused_value_adds_nothing_and_is_kept_in_the_fields(
    browser: Client, slot_type: SlotType, form: dict[str, str], told: str
) -> None:
    before = content(slot_type)
    answer = browser.post(address("value-create", slot_type), form, **HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert told in page
    assert f'value="{form["value"]}"' in page
    assert content(slot_type) == before


@pytest.mark.parametrize("lines", ["", ": only synonyms", "x" * 141, "a\n" * 5_001])
def test_refused_lines_add_nothing(browser: Client, slot_type: SlotType, lines: str) -> None:
    before = content(slot_type)
    answer = browser.post(address("values-create", slot_type), {"lines": lines}, **HTMX)
    assert answer.status_code == 422
    assert content(slot_type) == before


def test_edit_a_value(browser: Client, slot_type: SlotType, value: SlotValue) -> None:
    edit = address("value-edit", slot_type, value.pk)
    assert 'id="edit-value"' in browser.get(edit, **HTMX).content.decode()
    form = {"value": "tiny", "synonyms": "wee", "value_id": "T", "stamp": stamp(value)}
    assert browser.post(edit, form, **HTMX).status_code == 200
    assert content(slot_type)[0] == ("tiny", ["wee"], "T")


def test_two_tabs_do_not_overwrite_each_others_value(
    browser: Client, slot_type: SlotType, value: SlotValue
) -> None:
    edit, seen = address("value-edit", slot_type, value.pk), stamp(value)
    browser.post(edit, {"value": "first", "stamp": seen}, **HTMX)
    answer = browser.post(edit, {"value": "second", "synonyms": "two", "stamp": seen}, **HTMX)
    assert answer.status_code == 409
    assert "second: two" in answer.content.decode()
    assert content(slot_type)[0] == ("first", [], "")


def test_remove_a_value_and_undo(browser: Client, slot_type: SlotType, value: SlotValue) -> None:
    before = content(slot_type)
    form = {"stamp": stamp(value)}
    page = browser.post(address("value-delete", slot_type, value.pk), form, **HTMX)
    assert "Undo" in page.content.decode()
    assert content(slot_type) == before[1:]
    page = undo(browser, slot_type)
    assert "Taken back: Removed value “small”" in page
    assert "Redo" in page
    assert content(slot_type) == before


def undo(browser: Client, slot_type: SlotType) -> str:
    """Take back the last edit as the button on the editor does; return the new editor."""
    change = slot_type.skill.changes.latest("pk")
    form = {"next": address("slot-type-detail", slot_type)}
    path = reverse("change-undo", args=[slot_type.skill.slug, change.pk])
    return browser.post(path, form, follow=True, **HTMX).text


def test_every_edit_of_values_offers_undo(browser: Client, slot_type: SlotType) -> None:
    before = content(slot_type)
    value = slot_type.values.get(value="large")
    edits = [
        ("value-create", (), {"value": "medium"}),
        ("values-create", (), {"lines": "tiny: wee\nenormous"}),
        ("value-edit", (value.pk,), {"value": "grand", "stamp": stamp(value)}),
    ]
    for name, more, form in edits:
        page = browser.post(address(name, slot_type, *more), form, **HTMX).text
        assert "data-undo" in page, name
        assert content(slot_type) != before
        undo(browser, slot_type)
        assert content(slot_type) == before


def test_a_plain_form_offers_undo_too(browser: Client, slot_type: SlotType) -> None:
    page = browser.post(address("value-create", slot_type), {"value": "medium"}, follow=True).text
    assert "Added value “medium”." in page
    assert "data-undo" in page
    form = {"name": "PizzaSize", "stamp": stamp(slot_type)}
    assert (
        "data-undo" in browser.post(address("slot-type-rename", slot_type), form, follow=True).text
    )
    slot_type.refresh_from_db()
    delete = address("slot-type-delete", slot_type)
    page = browser.post(delete, {"stamp": stamp(slot_type)}, follow=True).text
    assert "data-undo" in page
    undo(browser, slot_type)
    assert content(slot_type)[-1][0] == "medium"


def test_a_changed_value_is_not_removed_unseen(
    browser: Client, slot_type: SlotType, value: SlotValue
) -> None:
    before = content(slot_type)
    form = {"stamp": "0000000000000000"}
    answer = browser.post(address("value-delete", slot_type, value.pk), form, **HTMX)
    assert answer.status_code == 409
    assert content(slot_type) == before


def test_renaming_takes_the_slots_along(browser: Client, slot_type: SlotType) -> None:
    form = {"name": "PizzaSize", "stamp": stamp(slot_type)}
    browser.post(address("slot-type-rename", slot_type), form)
    slot_type.refresh_from_db()
    assert slot_type.name == "PizzaSize"
    assert Slot.objects.get(intent__skill=slot_type.skill, name="size").type_name == "PizzaSize"


def test_deleting_says_who_uses_it(browser: Client, slot_type: SlotType) -> None:
    delete = address("slot-type-delete", slot_type)
    assert "OrderPizza.size" in browser.get(delete).content.decode()
    browser.post(delete, {"stamp": stamp(slot_type)})
    assert not SlotType.objects.filter(pk=slot_type.pk).exists()


def test_extending_a_built_in_type_shows_its_values(browser: Client, skill: Skill) -> None:
    extended = skill.slot_types.create(name="AMAZON.Color", position=9)
    assert b"Your values add to Alexa" in browser.get(address("slot-type-detail", extended)).content


def test_a_built_in_type_is_extended_in_the_editor(browser: Client, skill: Skill) -> None:
    made = browser.post(reverse("slot-type-create", args=[skill.slug]), {"name": "AMAZON.Color"})
    assert made.status_code == 302
    extended = skill.slot_types.get(name="AMAZON.Color")
    form = {"value": "periwinkle", "synonyms": "pale violet", "value_id": "P"}
    page = browser.post(address("value-create", extended), form, follow=True).text
    assert "extends a built-in slot type" in page
    assert content(extended) == [("periwinkle", ["pale violet"], "P")]
    (exported,) = export_interaction_model(skill).slot_types[1:]
    assert exported.to_json() == {
        "name": "AMAZON.Color",
        "values": [{"id": "P", "name": {"value": "periwinkle", "synonyms": ["pale violet"]}}],
    }
    tried = browser.get(address("type-settings-try", extended), {"text": "pale violet"}).text
    assert "is known: " in tried
    assert "is known" in browser.get(address("type-settings-try", extended), {"text": "red"}).text
