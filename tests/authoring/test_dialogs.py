"""The dialog of a slot and of an intent: written on their pages, kept with what it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from nlu_engine.dialog_model import IntentDialog, SlotDialog, Validation, dialog_intents
from skillbuilder.authoring.dialogs import SlotSettings, dialog_stamp, settings_of
from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Intent, Skill, Slot

SAVED = SlotSettings(
    SlotDialog(
        True,
        True,
        ("What size?", "Small or large?"),
        ("A {size} one?",),
        (
            Validation("hasEntityResolutionMatch", ("We have small and large.",)),
            Validation("isNotInSet", ("Not that.",), ("tiny, really", "huge")),
            Validation("isInDuration", ("Soon.",), (), "", "P0D", "2030-01-31"),
        ),
    ),
    takes_several=True,
    answers=("a {size} one please",),
)


def sent(slot: Slot, **more: str) -> dict[str, str]:
    """Return what the form of ``slot`` sends to store SAVED."""
    rows: list[dict[str, str]] = [
        {"type": "hasEntityResolutionMatch", "prompts": "We have small and large."},
        {"type": "isNotInSet", "values": "tiny, really\nhuge", "prompts": "Not that."},
        {"type": "isInDuration", "start": "P0D", "end": "2030-01-31", "prompts": "Soon."},
        {"type": ""},
    ]
    fields = {f"form-{n}-{key}": text for n, row in enumerate(rows) for key, text in row.items()}
    return {
        "stamp": dialog_stamp(settings_of(slot.intent.skill, slot)),
        "is_required": "on",
        "elicitation": "What size?\r\n\r\n  Small or large? ",
        "answers": "a {size} one please!",
        "is_confirmed": "on",
        "confirmation": "A {size} one?",
        "takes_several": "on",
        "form-TOTAL_FORMS": "4",
        "form-INITIAL_FORMS": "0",
        **fields,
        **more,
    }


@pytest.fixture
def slot(intent: Intent) -> Slot:
    """Return the slot size of OrderPizza."""
    return intent.slots.get()


def address(slot: Slot) -> str:
    intent = slot.intent
    return reverse("slot-settings", args=[intent.skill.slug, intent.pk, slot.pk])


def stored(slot: Slot) -> SlotSettings:
    return settings_of(Skill.objects.get(), Slot.objects.get(pk=slot.pk))


def test_the_dialog_of_a_slot_is_written_read_and_exported(browser: Client, slot: Slot) -> None:
    form = sent(slot)
    answer = browser.post(address(slot), form, follow=True)
    assert stored(slot) == SAVED
    assert "required" in answer.text
    page = browser.get(address(slot))
    assert page.context["form"].initial["elicitation"] == "What size?\nSmall or large?"
    assert [row["type"] for row in page.context["validations"].initial] == [
        "hasEntityResolutionMatch",
        "isNotInSet",
        "isInDuration",
    ]
    document = export_interaction_model(Skill.objects.get()).to_json()["interactionModel"]
    (written,) = document["dialog"]["intents"]
    assert written["slots"][0]["validations"][1]["values"] == ["tiny, really", "huge"]
    order = document["languageModel"]["intents"][0]["slots"][0]
    assert order["multipleValues"] == {"enabled": True}
    # Written again as it is, nothing changes; another tab that saw it before is told.
    again = sent(Slot.objects.get(pk=slot.pk))
    browser.post(address(slot), again)
    assert export_interaction_model(Skill.objects.get()).to_json()["interactionModel"] == document
    answer = browser.post(address(slot), form | {"elicitation": "Hm?"})
    assert answer.status_code == 409
    assert "Nothing was changed by you" in answer.text
    assert stored(slot) == SAVED


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"elicitation": " "}, "Write what to ask, or the slot cannot be required"),
        ({"confirmation": ""}, "Write what to ask before the value counts"),
        ({"answers": "a {size one"}, "a {size one"),
        ({"form-1-values": ""}, "Write the values"),
        ({"form-2-end": "soon"}, "Write a date"),
        ({"form-0-prompts": ""}, "Write what to ask when the value is refused"),
        ({"form-3-type": "isOdd", "form-3-prompts": "x"}, "not one of the available choices"),
        ({"form-3-type": "isLessThan", "form-3-prompts": "x"}, "to compare with"),
        ({"elicitation": "x" * 8_001}, "8,001"),
    ],
)
def test_what_is_refused_is_told_and_kept_in_the_form(
    browser: Client, slot: Slot, wrong: dict[str, str], told: str
) -> None:
    answer = browser.post(address(slot), sent(slot, **wrong))
    assert answer.status_code == 422
    assert told in answer.text
    assert "Not that." in answer.text
    assert stored(slot) == SlotSettings(SlotDialog())


def test_the_dialog_follows_its_slot_and_its_intent(
    browser: Client, slot: Slot, intent: Intent
) -> None:
    browser.post(address(slot), sent(slot))
    slug, args = intent.skill.slug, [intent.skill.slug, intent.pk, slot.pk]

    def now() -> tuple[Any, ...]:
        found = dialog_intents(Skill.objects.get().extra)
        return tuple((i["name"], [(s["name"], s["type"]) for s in i["slots"]]) for i in found)

    browser.post(reverse("slot-rename", args=args), {"name": "extent", "stamp": stamp(slot)})
    slot.refresh_from_db()
    assert now() == (("OrderPizza", [("extent", "Size")]),)
    assert stored(slot).dialog.confirmation == ("A {extent} one?",)
    form = {"type_name": "AMAZON.NUMBER", "stamp": stamp(slot)}
    browser.post(reverse("slot-retype", args=args), form)
    assert now() == (("OrderPizza", [("extent", "AMAZON.NUMBER")]),)
    slot.refresh_from_db()
    browser.post(reverse("slot-delete", args=args), {"stamp": stamp(slot)})
    assert now() == (("OrderPizza", []),)
    assert Skill.objects.get().extra["interactionModel"]["unknown"]["prompts"] == []
    dialog = reverse("intent-dialog", args=[slug, intent.pk])
    assert "nothing to ask for" in browser.get(dialog).text
    form = {"is_confirmed": "on", "confirmation": "Shall I?", "strategy": "SKILL_RESPONSE"}
    form["stamp"] = dialog_stamp(IntentDialog())
    assert browser.post(dialog, form | {"confirmation": ""}).status_code == 422
    browser.post(dialog, form)
    assert browser.get(dialog).context["form"].initial["confirmation"] == "Shall I?"
    assert browser.post(dialog, form | {"confirmation": "Hm?"}).status_code == 409
    intent.refresh_from_db()
    browser.post(reverse("intent-delete", args=[slug, intent.pk]), {"stamp": stamp(intent)})
    assert now() == ()


def test_a_viewer_reads_a_dialog_and_changes_none(
    slot: Slot, bob: Any, browser_of: Callable[[Any], Client]
) -> None:
    slot.intent.skill.memberships.create(user=bob, user_name="bob", role="viewer")
    assert browser_of(bob).get(address(slot)).status_code == 200
    assert browser_of(bob).post(address(slot), sent(slot)).status_code == 403
    assert stored(slot) == SlotSettings(SlotDialog())
