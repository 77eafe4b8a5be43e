"""The editor of patterns and of closed slot types, and its field to try them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from nlu_engine.type_settings import TypeSettings, settings_in
from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import SlotType

HTMX = {"HTTP_HX_REQUEST": "true"}
ORDER = r"[A-Z]{2}\d{4}"


def address(name: str, slot_type: SlotType, *more: int) -> str:
    return reverse(name, args=[slot_type.skill.slug, slot_type.pk, *more])


def stored(slot_type: SlotType) -> TypeSettings:
    return settings_in(SlotType.objects.get(pk=slot_type.pk).extra)


def test_settings_are_stored_undone_and_exported(browser: Client, slot_type: SlotType) -> None:
    before = export_interaction_model(slot_type.skill)
    form = {"patterns": f"{ORDER}\r\n\r\n x+ \n{ORDER}", "is_closed": "on", "stamp": ""}
    form["stamp"] = stamp(slot_type)
    page = browser.post(address("type-settings", slot_type), form, **HTMX)
    assert page.status_code == 200
    assert "data-undo" in page.text
    assert stored(slot_type) == TypeSettings(True, (ORDER, "x+"))
    document = export_interaction_model(slot_type.skill).to_json()["interactionModel"]
    assert document["languageModel"]["types"][0]["skillbuilder"] == {
        "closed": True,
        "patterns": [ORDER, "x+"],
    }
    for_alexa = browser.get(
        reverse("skill-json-download", args=[slot_type.skill.slug]) + "?for=alexa"
    )
    assert for_alexa.json() == before.to_json()
    assert "?for=alexa" in browser.get(reverse("skill-json", args=[slot_type.skill.slug])).text
    # Another tab saw it before: it is told, and nothing is stored.
    stale = browser.post(address("type-settings", slot_type), form, **HTMX)
    assert stale.status_code == 409
    browser.post(
        reverse("change-undo", args=[slot_type.skill.slug, slot_type.skill.changes.get().pk])
    )
    assert export_interaction_model(slot_type.skill) == before


@pytest.mark.parametrize(
    ("patterns", "told"),
    [
        ("x\n[A-Z", "Line 2: The pattern cannot be read: unterminated character set"),
        ("(?<=a)b", "Line 1: RE2 does not take the pattern"),
        ("\n".join(f"x{n}" for n in range(21)), "At most 20 patterns; these are 21"),
        ("y" * 10_001, "at most 10000 characters"),
    ],
)
def test_a_bad_pattern_is_told_and_kept_in_the_field(
    browser: Client, slot_type: SlotType, patterns: str, told: str
) -> None:
    form = {"patterns": patterns, "stamp": stamp(slot_type)}
    answer = browser.post(address("type-settings", slot_type), form, **HTMX)
    assert answer.status_code == 422
    assert told in answer.text
    assert answer.context["shown_patterns"] == patterns
    assert stored(slot_type) == TypeSettings()
    tried = browser.get(
        address("type-settings-try", slot_type), {"patterns": patterns, "text": "x"}
    )
    assert told in tried.text


@pytest.mark.parametrize(
    ("text", "is_closed", "told"),
    [
        ("ab 1234", False, f"fits <code>{ORDER}</code> and is"),
        ("the big", False, "is known"),
        ("gigantic", False, "passed on as it is said"),
        ("gigantic", True, "is not accepted"),
    ],
)
def test_words_are_tried_on_what_is_being_written(
    browser: Client, slot_type: SlotType, text: str, is_closed: bool, told: str
) -> None:
    form = {"patterns": ORDER, "text": text} | ({"is_closed": "on"} if is_closed else {})
    piece = browser.get(address("type-settings-try", slot_type), form, **HTMX).text
    assert told in piece
    assert "filled with examples" in piece
    assert "<html" not in piece
    whole = browser.get(address("type-settings-try", slot_type), form).text
    assert told in whole
    assert f'value="{text}"' in whole
    assert stored(slot_type) == TypeSettings()


def test_a_viewer_tries_and_stores_nothing(
    slot_type: SlotType, bob: Any, charlie: Any, browser_of: Callable[[Any], Client]
) -> None:
    slot_type.skill.memberships.create(user=bob, user_name="bob", role="viewer")
    form = {"patterns": ORDER, "text": "ab1234", "stamp": stamp(slot_type)}
    assert browser_of(bob).get(address("type-settings-try", slot_type), form).status_code == 200
    assert browser_of(bob).post(address("type-settings", slot_type), form).status_code == 403
    assert browser_of(charlie).get(address("type-settings-try", slot_type), form).status_code == 404
    assert browser_of(charlie).post(address("type-settings", slot_type), form).status_code == 404
    assert stored(slot_type) == TypeSettings()
