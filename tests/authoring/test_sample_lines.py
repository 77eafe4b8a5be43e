"""Samples in bulk: lines, CSV and groups, shown before anything is stored, all or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from nlu_engine.spreadsheets import csv_table
from skillbuilder.authoring.models import Intent, Skill
from skillbuilder.authoring.sample_lines import read_rows, review

HTMX = {"HTTP_HX_REQUEST": "true"}


def texts(intent: Intent) -> list[str]:
    return [sample.text for sample in intent.samples.all()]


def file(text: str, encoding: str = "utf-8") -> SimpleUploadedFile:
    return SimpleUploadedFile("samples.csv", text.encode(encoding), "text/csv")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("one, two\n\n three \n", [(1, "", "one, two"), (3, "", "three")]),
        ("sample\n'one, two'\n", [(2, "", "")]),
        ('sample\n"one, two"\nthree', [(2, "", "one, two"), (3, "", "three")]),
        ("\ufeffIntent;Utterance\nA;one, two\nA;'-b", [(2, "A", "one, two"), (3, "A", "-b")]),
        ("sample\tintent\n\nhi  you\tA", [(3, "A", "hi you")]),
        ("sample", [(1, "", "sample")]),
    ],
)
def test_lines_and_csv_are_told_apart(text: str, rows: list[Any]) -> None:
    found = read_rows(text)
    told = [(row.number, row.intent, "" if row.error else row.sample) for row in found]
    assert told == rows


def test_a_line_that_is_no_csv_is_named() -> None:
    [row, broken] = read_rows('intent,sample\nA,"one\ntwo"\nB,"three')
    assert (row.number, row.sample) == (2, "one two")
    assert broken.number == 4
    assert "This is not CSV" in broken.error


def test_what_is_written_as_csv_is_read_again() -> None:
    samples = ["plain", 'with "quotes", commas', "=cmd()", "- dash", "o'clock", "日本語"]
    text = csv_table(("intent", "sample"), [("A", text) for text in samples])
    assert "'=cmd" in text
    assert [row.sample for row in read_rows("\ufeff" + text)] == samples


def test_a_review_tells_new_known_mended_and_wrong_apart() -> None:
    rows = read_rows(
        "A,Order {size}\nA,(a|the) pizza\nA,A  Pizza\nA,hey!\nB,x\nAa,x\n", is_csv=True
    )
    found = review(rows, {"A": ["order {size}"], "C": []}, locale="en-US")
    assert (found.added, found.known, found.mended) == (3, 2, 1)
    assert [line.row.number for line in found.errors] == [5, 6]
    assert "There is no intent Aa." in found.errors[1].error
    assert found.samples("A") == ["a pizza", "the pizza", "hey"]
    made = review(rows, {"A": []}, locale="en-US", makes=True)
    assert not made.errors
    assert made.new_intents == ["A", "B", "Aa"]


@pytest.mark.parametrize(
    ("locale", "line", "stored", "note"),
    [
        ("en-US", "ham & cheese", "ham and cheese", "“and” for &"),
        ("en-US", "ham &amp; cheese!", "ham and cheese", "“and” for &, without !"),
        (
            "en-US",
            "{size}&{salt & oil|topping}",
            "{size} and {salt and oil|topping}",
            "“and” for &",
        ),
        ("en-US", "& cheese &", "cheese", "without &"),
        ("en-US", "(ham|egg) & [some] cheese", "ham and some cheese", ""),
        ("de-DE", "Brot & Butter", "Brot und Butter", "“und” for &"),
        ("fr-FR", "pain & beurre", "pain et beurre", "“et” for &"),
        ("ja-JP", "パン & 水", "パン 水", "without &"),
    ],
)
def test_an_ampersand_is_the_word_that_people_say(
    locale: str, line: str, stored: str, note: str
) -> None:
    [found] = review(read_rows(line), {"A": []}, locale=locale, only="A").lines
    assert (found.new[0], found.mended) == (stored, note)


def test_too_much_at_once_is_refused() -> None:
    groups = "(a|b|c|d|e)(a|b|c|d|e)(a|b|c|d|e) (a|b|c|d)"
    rows = read_rows("\n".join(f"{groups} {letter}" for letter in "abcdefghijk"))
    found = review(rows, {"A": []}, locale="en-US", only="A")
    assert "At most 5,000 samples at once" in found.errors[-1].error


def test_bulk_lines_are_shown_first_and_added_all_or_none(browser: Client, intent: Intent) -> None:
    before = texts(intent)
    add = reverse("sample-create", args=[intent.skill.slug, intent.pk])
    show = reverse("sample-review", args=[intent.skill.slug, intent.pk])
    lines = "get (a|one) {size} pie [please]\nhey, you!\norder a {size} pizza\n"
    page = browser.post(show, {"text": lines}, **HTMX).text
    assert "<strong>5 new</strong>" in page
    assert "Add 5 samples" in page
    assert "mended: without , !" in page
    broken = lines + "{oh\n(a|b"
    for answer in (
        browser.post(show, {"text": broken}, **HTMX),
        browser.post(show, {"text": broken}),
        browser.post(add, {"text": broken}, **HTMX),
        browser.post(add, {"text": broken}),
    ):
        assert "Line 4:" in answer.text
        assert "The ( at character 1 has no )." in answer.text
    assert answer.status_code == 422
    assert "(a|b</textarea>" in answer.text  # nothing that was written is lost
    assert texts(intent) == before
    upload = {"file": file(f"sample\n{lines}".replace("hey, you!", '"hey, you!"'))}
    page = browser.post(show, upload, **HTMX).text
    assert "<strong>5 new</strong>" in page
    assert "hey, you!" in page.partition("</textarea>")[0]
    assert texts(intent) == before
    browser.post(add, {"text": lines}, **HTMX)
    new = [f"get {a} {{size}} pie{end}" for a in ("a", "one") for end in (" please", "")]
    assert texts(intent) == [*before, *new, "hey you"]
    Intent.objects.filter(pk=intent.pk).update(name='a "draft"\n')
    download = reverse("sample-download", args=[intent.skill.slug, intent.pk])
    assert browser.get(download)["Content-Disposition"].endswith('.a_draft_.csv"')
    rows = read_rows(browser.get(download).content.decode("utf-8-sig"))
    assert [row.sample for row in rows] == texts(intent)
    undo = reverse("change-undo", args=[intent.skill.slug, intent.skill.changes.get().pk])
    browser.post(undo)
    assert texts(intent) == before
    assert "not text in UTF-8" in browser.post(add, {"file": file("größe", "latin-1")}, **HTMX).text


def test_samples_of_all_intents_go_out_and_come_in(
    browser: Client, skill: Skill, intent: Intent, browser_of: Any, bob: Any, charlie: Any
) -> None:
    address = reverse("samples-import", args=[skill.slug])
    download = reverse("samples-download", args=[skill.slug])
    content = browser.get(download).content.decode("utf-8-sig")
    assert content.startswith("intent,sample\r\nOrderPizza,order a {size} pizza\r\n")
    assert "Nothing was new" in browser.post(address, {"text": content}, follow=True).text
    more = content + 'OpeningHours,"so, when?"\r\nBye,see you\r\n'
    answer = browser.post(address, {"file": file(more)})
    assert answer.status_code == 422
    assert "Line 9:</strong> <bdi>There is no intent Bye." in answer.text
    assert not skill.changes.exists()
    page = browser.post(f"{address}/review", {"text": more, "makes": "1"}, **HTMX).text
    assert "<strong>2 new</strong>" in page
    answer = browser.post(address, {"text": more, "makes": "1"}, follow=True)
    assert "Added 2 sample utterances to 2 intents." in answer.text
    assert texts(skill.intents.get(name="Bye")) == ["see you"]
    assert texts(skill.intents.get(name="OpeningHours"))[-1] == "so when"
    # One edit, undone as one.
    browser.post(reverse("change-undo", args=[skill.slug, skill.changes.get().pk]))
    assert not skill.intents.filter(name="Bye").exists()
    skill.memberships.create(user=bob, user_name="bob", role="viewer")
    assert browser_of(bob).post(address, {"text": more}).status_code == 403
    assert browser_of(bob).get(download).status_code == 200
    for page in (address, download):
        assert browser_of(charlie).get(page).status_code == 404
