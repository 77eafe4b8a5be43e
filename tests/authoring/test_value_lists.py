"""Slot types of thousands of values: pages, search, CSV, and a history that stays cheap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nlu_engine.differences import Difference
from skillbuilder.authoring import history, undo, value_lists
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Intent, Skill, SlotType, SlotValue
from skillbuilder.training import runs

HTMX = {"HTTP_HX_REQUEST": "true"}


def address(name: str, slot_type: SlotType, *more: int) -> str:
    return reverse(name, args=[slot_type.skill.slug, slot_type.pk, *more])


def content(slot_type: SlotType) -> list[tuple[str, list[str], str]]:
    return [(row.value, row.synonyms, row.value_id) for row in slot_type.values.all()]


def reviewed(browser: Client, slot_type: SlotType, **form: str) -> tuple[Any, dict[str, str]]:
    """Return the page that shows what a list would change, and what its form would send."""
    page = browser.post(address("value-list", slot_type), form)
    digest = page.context["form"].data["digest"]
    return page, {**form, "digest": digest, "is_reviewed": "1"}


@pytest.fixture
def streets(skill: Skill) -> SlotType:
    """Return a slot type of 3,000 values."""
    slot_type = skill.slot_types.create(name="Street", position=5)
    SlotValue.objects.bulk_create(
        SlotValue(slot_type=slot_type, value=f"Straße {n}", synonyms=[f"Weg {n}"], position=n)
        for n in range(3_000)
    )
    return slot_type


def test_a_page_and_an_edit_read_few_of_thousands(browser: Client, streets: SlotType) -> None:
    page = address("slot-type-detail", streets)
    for query in ({}, {"page": "99"}, {"q": "STRASSE 2999"}, {"q": "weg 29"}):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = browser.get(page, query)
        rows = answer.context["rows"]
        assert 0 < len(rows) <= 30
        values = [q["sql"] for q in queries if 'FROM "authoring_slotvalue"' in q["sql"]]
        assert values
        assert all(
            "LIMIT" in sql or "COUNT(" in sql or "IN (" in sql or "EXISTS" in sql for sql in values
        )
    assert [row.value for row in rows[:2]] == ["Straße 2999", "Straße 2998"]
    assert "are checked when you ask" in answer.text
    row = streets.values.get(value="Straße 7")
    editing = {"value": "Gasse 7", "synonyms": "", "stamp": "x"}
    assert browser.post(address("value-edit", streets, row.pk), editing).status_code == 409
    browser.post(address("value-create", streets), {"value": "neu", "synonyms": "ganz neu"})
    added = streets.skill.changes.get()
    assert added.differences == [
        Difference("added", "value", "Street", "neu", after="ganz neu").to_dict()
    ]
    assert browser.get(page, {"q": "GANZ"}).context["rows"][0].value == "neu"
    assert browser.get(page, {"q": "nowhere"}).context["rows"] == []


def test_a_value_that_is_there_twice_says_so(browser: Client, slot_type: SlotType) -> None:
    slot_type.values.create(value="SMALL", position=9)
    rows = browser.get(address("slot-type-detail", slot_type)).context["rows"]
    found = {row.value: [problem.code for problem in row.problems] for row in rows}
    assert found == {"SMALL": ["duplicate-value"], "large": [], "small": []}


def test_a_list_is_downloaded_and_comes_back(browser: Client, slot_type: SlotType) -> None:
    before, digest = content(slot_type), export_interaction_model(slot_type.skill).digest()
    answer = browser.get(address("value-list-download", slot_type))
    assert answer["Content-Disposition"] == 'attachment; filename="tiny-kitchen.Size.csv"'
    upload = SimpleUploadedFile("sizes.csv", answer.content)
    page = browser.post(address("value-list", slot_type), {"mode": "replace", "upload": upload})
    assert "Nothing differs" in page.text
    form = {"mode": "replace", "text": page.context["form"].kept_text, "is_reviewed": "1"}
    form["digest"] = page.context["form"].data["digest"]
    browser.post(address("value-list", slot_type), form)
    assert content(slot_type) == before
    assert export_interaction_model(slot_type.skill).digest() == digest


def test_a_list_is_added_or_replaces_after_a_look(
    browser: Client, slot_type: SlotType, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "small,,wee\ntiny,T\n"
    page, form = reviewed(browser, slot_type, mode="add", text=text)
    assert "2 changes" in page.text
    assert len(content(slot_type)) == 2  # only shown so far
    browser.post(address("value-list", slot_type), form)
    small = ("small", ["little", "wee"], "S")
    assert content(slot_type) == [small, ("large", ["big", "huge"], "L"), ("tiny", [], "T")]
    # What the page showed is no longer so: nothing is stored, the page shows what is now.
    stale = browser.post(address("value-list", slot_type), form | {"text": "other"})
    assert stale.status_code == 409
    assert len(content(slot_type)) == 3
    page, form = reviewed(browser, slot_type, mode="replace", text=text)
    assert "The list replaces all values" in page.text
    before = export_interaction_model(slot_type.skill).digest()
    answer = browser.post(address("value-list", slot_type), form, follow=True)
    assert "has 2 values now" in answer.text
    assert content(slot_type) == [("small", ["wee"], ""), ("tiny", [], "T")]
    # A list that replaced too much can be taken back.
    assert "data-undo" in answer.text
    undo = reverse("change-undo", args=[slot_type.skill.slug, slot_type.skill.changes.first().pk])
    browser.post(undo)
    assert export_interaction_model(Skill.objects.get()).digest() == before
    # A long one comes back from the history.
    monkeypatch.setattr(value_lists, "MOST_UNDONE", 4)
    page, form = reviewed(browser, slot_type, mode="replace", text=text)
    browser.post(address("value-list", slot_type), form)
    change = slot_type.skill.changes.first()
    assert change.undo is None
    restore = reverse("change-restore", args=[slot_type.skill.slug, change.pk])
    now = export_interaction_model(Skill.objects.get()).digest()
    browser.post(restore, {"digest": now})
    assert export_interaction_model(Skill.objects.get()).digest() == before


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"mode": "add", "text": "ok\n,L"}, "line 2"),
        ({"mode": "add", "text": "  "}, "Paste the list here"),
        ({"mode": "other", "text": "ok"}, "not one of the available choices"),
    ],
)
def test_a_refused_list_changes_nothing(
    browser: Client, slot_type: SlotType, form: dict[str, str], told: str
) -> None:
    before = content(slot_type)
    answer = browser.post(address("value-list", slot_type), form | {"is_reviewed": "1"})
    assert answer.status_code == 422
    assert told in answer.text
    assert content(slot_type) == before


def test_a_viewer_downloads_a_list_but_stores_none(
    slot_type: SlotType, bob: Any, browser_of: Callable[[Any], Client]
) -> None:
    slot_type.skill.memberships.create(user=bob, user_name="bob", role="viewer")
    viewer = browser_of(bob)
    assert viewer.get(address("value-list-download", slot_type)).status_code == 200
    assert viewer.post(address("value-list", slot_type), {"text": "x"}).status_code == 403


def test_only_the_newest_documents_of_the_history_are_kept(
    skill: Skill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "KEPT_DOCUMENTS", 2)
    for name in "abc":
        with history.noted_whole(skill):
            skill.intents.create(name=name)
    kept = [change.before is not None for change in skill.changes.all()]
    assert kept == [True, True, False]


def test_who_adds_few_to_many_values_writes_few_and_can_undo_it(
    browser: Client, streets: SlotType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(value_lists, "MOST_UNDONE", 10)
    kept = set(streets.values.values_list("pk", flat=True))
    _, form = reviewed(browser, streets, mode="add", text="Straße 1\nneu\nnoch neuer")
    browser.post(address("value-list", streets), form)
    rows = list(streets.values.all())
    assert [row.value for row in rows[-3:]] == ["Straße 2999", "neu", "noch neuer"]
    assert kept < {row.pk for row in rows}
    change = streets.skill.changes.get()
    assert (change.before, change.count) == (None, 2)
    undo.take_back(change)
    assert set(streets.values.values_list("pk", flat=True)) == kept


def test_the_json_of_many_values_comes_after_its_page(browser: Client, streets: SlotType) -> None:
    skill = streets.skill
    page = reverse("skill-json", args=[skill.slug])
    assert "Straße 2999" not in browser.get(page).text
    piece = browser.get(page, **HTMX)
    assert "Straße 2999" in piece.text and "<html" not in piece.text
    assert f'value="{export_interaction_model(skill).digest()}"' in piece.text
    assert 'name="document"' in piece.text and "smaller file" not in piece.text
    streets.values.update(synonyms=["x" * 140] * 4)
    piece = browser.get(page, **HTMX)
    assert 'name="document"' not in piece.text
    assert "it may have 1,500,000" in piece.text and "(3,000)" in piece.text


def test_versions_of_many_values_come_after_their_page(browser: Client, streets: SlotType) -> None:
    skill = streets.skill
    page = f"/skills/{skill.slug}/versions"
    assert "No versions yet" in browser.get(page).text
    runs.request_run(skill)
    streets.values.filter(value="Straße 5").delete()
    assert "Comparing the working copy" in browser.get(page).text
    piece = browser.get(page, **HTMX)
    assert "Straße 5" in piece.text and "<html" not in piece.text


def test_undo_comes_back_to_what_was_searched(
    browser: Client, streets: SlotType, intent: Intent
) -> None:
    found = browser.get(address("slot-type-detail", streets), {"q": "Straße 29", "page": "2"})
    row = found.context["rows"][0]
    removing = {"stamp": row.stamp, "q": "Straße 29", "page": "2"}
    page = browser.post(address("value-delete", streets, row.pk), removing, **HTMX)
    place = page.context["page_address"]
    undone = reverse("change-undo", args=[streets.skill.slug, streets.skill.changes.get().pk])
    back = browser.post(undone, {"next": place}, follow=True, **HTMX)
    assert (back.context["query"], back.context["values"].number) == ("Straße 29", 2)
    assert back.context["rows"][0].value == row.value
    samples = reverse("intent-detail", args=[intent.skill.slug, intent.pk])
    context = browser.get(samples, {"q": "pizza"}).context
    assert context["page_address"] == f"{samples}?q=pizza"
    assert browser.get(samples).context["page_address"] == samples
