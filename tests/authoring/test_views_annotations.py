"""The pages of annotation sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from nlu_engine.annotations import Answer, annotation
from skillbuilder.authoring import annotation_sets as sets
from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.models import Annotation, AnnotationSet, Skill

CSV = b"utterance,intent\na {huge|size} one please,OrderPizza\nopen now,OpeningHours\n"


@pytest.fixture
def filled(skill: Skill) -> AnnotationSet:
    """Return a set of two annotations."""
    return sets.create_set(
        skill,
        "Customers",
        [annotation("a huge one", [Answer("OrderPizza")]), annotation("hi", [Answer("Help")])],
    )


def at(name: str, one: AnnotationSet, *more: int) -> str:
    return reverse(name, args=[one.skill.slug, one.pk, *more])


def file(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("set.csv", content)


def test_a_set_is_made_filled_and_downloaded(skill: Skill, browser: Client) -> None:
    address = reverse("annotation-set-list", args=[skill.slug])
    assert "not the samples it learns from" in browser.get(address).text
    browser.post(address, {"name": "Customers", "upload": file(CSV)})
    one = skill.annotation_sets.get()
    page = browser.get(at("annotation-set", one)).text
    assert 'title="size"' in page and "OpeningHours" in page
    assert browser.post(address, {"name": "customers"}).status_code == 422
    more = b'{"text": "open now", "intent": "OpeningHours"}\n{"text": "shut?", "intent": "X"}'
    fill = {"stamp": stamp(one), "document": more.decode()}
    told = browser.post(at("annotation-set-fill", one), fill | {"how": "add"}, follow=True).text
    assert "1 annotation added. 1 skipped" in told
    assert one.annotations.count() == 3
    for name, begins in [("json", '{"data"'), ("jsonl", '{"text"'), ("csv", "utterance,")]:
        answer = browser.get(at("annotation-set-download", one), {"format": name})
        assert answer.text.startswith(begins)
    assert "unknown-intent" not in browser.get(at("annotation-set-problems", one)).text
    assert "expects the intent X" in browser.get(at("annotation-set-problems", one)).text
    filtered = browser.get(at("annotation-set", one), {"q": "OPEN", "intent": "OpeningHours"})
    assert "Edit open now" in filtered.text and "Edit a huge" not in filtered.text
    whats = [change.differences[0]["what"] for change in skill.changes.all()]
    assert whats == ["annotation set"] * 2
    seen = stamp(AnnotationSet.objects.get())
    assert browser.post(at("annotation-set-delete", one), {"stamp": "old"}).status_code == 302
    assert skill.annotation_sets.exists()
    browser.post(at("annotation-set-delete", one), {"stamp": seen})
    assert not skill.annotation_sets.exists()


def test_a_refused_file_changes_nothing(filled: AnnotationSet, browser: Client) -> None:
    before = sets.expected_in(filled)
    bad = {"stamp": stamp(filled), "how": "replace", "document": "utterance,intent\nx,\ny,{"}
    answer = browser.post(at("annotation-set-fill", filled), bad)
    assert answer.status_code == 422
    assert "line 2" in answer.text and "utterance,intent" in answer.text
    assert (
        "Paste annotations here"
        in browser.post(at("annotation-set-fill", filled), bad | {"document": " "}).text
    )
    late = bad | {"document": CSV.decode(), "stamp": "old"}
    told = browser.post(at("annotation-set-fill", filled), late, follow=True).text
    assert "Nothing was changed" in told
    assert sets.expected_in(filled) == before
    browser.post(at("annotation-set-fill", filled), late | {"stamp": stamp(filled)})
    assert filled.annotations.count() == 2 and "huge one please" in str(sets.expected_in(filled))


def test_an_annotation_is_added_edited_and_removed(filled: AnnotationSet, browser: Client) -> None:
    create = at("annotation-create", filled)
    new = {"text": "two {big|size} ones", "intent": "OrderPizza", "by_value": "count=2"}
    browser.post(create, new)
    row = Annotation.objects.get(utterance="two big ones")
    assert row.expected == [
        {
            "intent": "OrderPizza",
            "slots": [
                {"name": "size", "value": "big", "start": 4, "end": 7},
                {"name": "count", "value": "2"},
            ],
        }
    ]
    again = browser.post(create, new)
    assert again.status_code == 422 and "would add nothing" in again.text
    other = browser.post(create, new | {"intent": "Help", "by_value": ""})
    assert "with OrderPizza" in other.text and at("annotation-edit", filled, row.pk) in other.text
    for bad in ({"text": "a {size}"}, {"text": " "}, {"by_value": "count"}):
        assert browser.post(create, new | bad).status_code == 422
    assert filled.annotations.count() == 3

    edit, seen = at("annotation-edit", filled, row.pk), stamp(row)
    accepted = {"stamp": seen, "number": 1, "text": "two big ones", "intent": "Help"}
    browser.post(edit, accepted)
    row.refresh_from_db()
    assert [answer["intent"] for answer in row.expected] == ["OrderPizza", "Help"]
    stale = browser.post(edit, accepted)
    assert stale.status_code == 409 and "in another tab" in stale.text
    moved = {"stamp": stamp(row), "number": 0, "text": "other words", "intent": "Help"}
    assert "of one utterance" in browser.post(edit, moved).text
    browser.post(edit, moved | {"remove": "1", "number": 1})
    row.refresh_from_db()
    assert len(row.expected) == 1
    assert "must stay" in browser.post(edit, moved | {"remove": "1", "stamp": stamp(row)}).text
    browser.post(edit, moved | {"stamp": stamp(row)})
    row.refresh_from_db()
    assert (row.utterance, row.intent) == ("other words", "Help")

    mark = reverse("annotation-mark", args=[filled.skill.slug])
    words = {"text": "a huge one", "start": 2, "end": 6, "slot": "size"}
    assert browser.post(mark, words).json()["text"] == "a {huge|size} one"

    delete = at("annotation-delete", filled, row.pk)
    assert "Nothing was removed" in browser.post(delete, {"stamp": "old"}, follow=True).text
    browser.post(delete, {"stamp": stamp(row)})
    assert not Annotation.objects.filter(pk=row.pk).exists()


def test_the_moment_that_tomorrow_counts_from(filled: AnnotationSet, browser: Client) -> None:
    row = filled.annotations.first()
    assert row is not None
    address = at("annotation-edit", filled, row.pk)
    wrong = browser.post(address, {"stamp": stamp(row), "reference_timestamp": "tomorrow"})
    assert wrong.status_code == 422 and "Write it like 2026-01-31" in wrong.text
    sent = {"stamp": stamp(row), "reference_timestamp": "2026-01-31T09:00:00Z"}
    assert "2026-01-31T09" in browser.post(address, sent, follow=True).text
    assert browser.post(address, sent).status_code == 409, "somebody else has changed it since"
    row.refresh_from_db()
    assert row.reference_timestamp == "2026-01-31T09:00:00Z"
    assert "2026-01-31T09" in browser.get(at("annotation-set", filled)).text


def test_one_click_adds_what_was_parsed(skill: Skill, browser: Client) -> None:
    address = reverse("annotation-add", args=[skill.slug])
    new = {"text": "a {huge|size} one", "intent": "OrderPizza"}
    htmx: dict[str, Any] = {"headers": {"HX-Request": "true"}}
    answer = browser.post(address, new, **htmx)
    assert answer.status_code == 200 and "<html" not in answer.text
    assert f"Added to {sets.FIRST_NAME}" in answer.text
    assert "would add nothing" in browser.post(address, new, **htmx).text
    second = sets.create_set(skill, "Second")
    sample = {"set": second.pk, "text": "when do you open", "intent": "OpeningHours"}
    assert "a sample of OpeningHours" in browser.post(address, sample).text
    assert second.annotations.count() == 1
    assert browser.post(address, new | {"text": "{"}, **htmx).status_code == 422


def test_adding_asks_as_much_of_a_large_set_as_of_a_small_one(
    filled: AnnotationSet, django_assert_max_num_queries: Any
) -> None:
    many = [annotation(f"number {number}", [Answer("Help")]) for number in range(100)]
    sets.add_annotations(filled, many)
    with django_assert_max_num_queries(15):
        sets.add_annotation(filled, annotation("one more", [Answer("Help")]))


def test_settings_and_bounds(
    filled: AnnotationSet, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = at("annotation-set-settings", filled)
    browser.post(settings, {"name": "Renamed", "threshold": "92.5", "stamp": stamp(filled)})
    filled.refresh_from_db()
    assert (filled.name, filled.threshold) == ("Renamed", 0.925)
    assert 'value="92.5"' in browser.get(at("annotation-set", filled)).text
    late = {"name": "Late", "threshold": "", "stamp": "old"}
    assert "Nothing was changed" in browser.post(settings, late, follow=True).text
    assert browser.post(settings, late | {"threshold": "101"}).status_code == 422
    monkeypatch.setattr(sets, "MAX_ANNOTATIONS", 2)
    create = at("annotation-create", filled)
    told = browser.post(create, {"text": "new", "intent": "Help"}, follow=True).text
    assert "at most 2 annotations" in told
    assert filled.annotations.count() == 2


def test_a_viewer_looks_and_changes_nothing(
    filled: AnnotationSet, bob: Any, browser_of: Callable[[Any], Client]
) -> None:
    filled.skill.memberships.create(user=bob, user_name="bob", role="viewer")
    client = browser_of(bob)
    assert client.get(at("annotation-set", filled)).status_code == 200
    row = filled.annotations.all()[0]
    for address in (
        at("annotation-create", filled),
        at("annotation-set-fill", filled),
        at("annotation-set-settings", filled),
        at("annotation-set-delete", filled),
        at("annotation-edit", filled, row.pk),
        at("annotation-delete", filled, row.pk),
        reverse("annotation-set-list", args=[filled.skill.slug]),
        reverse("annotation-add", args=[filled.skill.slug]),
    ):
        assert client.post(address, {"stamp": stamp(filled)}).status_code == 403
    assert filled.annotations.count() == 2
