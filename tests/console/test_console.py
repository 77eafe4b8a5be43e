"""The console: an utterance in, two parses out, side by side."""

from __future__ import annotations

import csv
import json
import re
import shlex
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from nlu_engine.explanation import as_sample
from nlu_engine.frames import Frame, Parse, RankedIntent, SlotSpan
from nlu_engine.parsers import ParsePair
from skillbuilder.authoring.highlight import Piece, SlotColors, slot_colors, utterance_pieces
from skillbuilder.authoring.models import Skill
from skillbuilder.console.answers import compare
from skillbuilder.console.suggestions import suggestions
from skillbuilder.training import storage
from skillbuilder.training.models import TrainingRun

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def address(skill: Skill) -> str:
    """Return the address of the console of ``skill``."""
    return reverse("skill-console", args=[skill.slug])


def say(browser: Client, address: str, utterance: str) -> Any:
    return browser.post(address, {"utterance": utterance}, **HTMX)


def parse(utterance: str, intent: str, *spans: tuple[str, int, int]) -> Parse:
    slots = tuple(SlotSpan(name, start, end, utterance[start:end]) for name, start, end in spans)
    return Parse(utterance, Frame(intent, slots), 0.8, (RankedIntent("Other", 0.2),))


# --- Page ---------------------------------------------------------------------------------


def test_before_the_first_build_the_console_teaches(
    browser: Client, skill: Skill, address: str
) -> None:
    page = browser.get(address).content
    assert b"Build the skill, then talk to it here" in page
    answer = say(browser, address, "hello")
    assert answer.status_code == 422
    assert b"is not trained yet. Build it first." in answer.content


def test_an_empty_console_suggests_utterances(
    browser: Client, ready_run: TrainingRun, address: str
) -> None:
    page = browser.get(address).content.decode()
    assert 'data-utterance="order a small pizza"' in page
    assert 'data-utterance="when do you open"' in page


def test_both_parses_are_shown(browser: Client, ready_run: TrainingRun, address: str) -> None:
    answer = say(browser, address, "i want a big pizza")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in page
    assert page.count('<span class="slot slot-0" title="size">big</span>') == 2
    assert page.count('<bdi dir="auto" class="resolved">large</bdi>') == 2
    assert "Both understood the same." in page
    assert page.count(" ms</span>") == 2
    # What the page calls JSON is what the API answers.
    shown = json.loads(
        unescape(page.partition('id="parse-json"')[2].split(">", 1)[1].split("</pre>")[0])
    )
    assert shown["neural"]["intent"] == shown["maxent_crf"]["intent"] == "OrderPizza"


def test_which_parser_serves_is_told_where_it_is_not_the_dnn(
    browser: Client, ready_run: TrainingRun, address: str
) -> None:
    reason = "MaxEnt-CRF answers: it has 30 of 40 annotations right, the DNN 20."
    assert reason not in say(browser, address, "order a big pizza").content.decode()
    TrainingRun.objects.filter(pk=ready_run.pk).update(serves="maxent_crf", serves_reason=reason)
    assert reason in say(browser, address, "order a big pizza").content.decode()


def test_a_plain_form_works_without_scripts(
    browser: Client, ready_run: TrainingRun, address: str
) -> None:
    page = browser.post(address, {"utterance": "are you open"}).content.decode()
    assert "<html" in page
    assert 'value="are you open"' in page
    assert "OpeningHours" in page


def test_the_curl_line_can_be_pasted(
    browser: Client, ready_run: TrainingRun, skill: Skill, address: str
) -> None:
    utterance = """it's "$HOME" & `ls` 🍕\\"""
    page = say(browser, address, utterance).content.decode()
    shown = unescape(page.partition('id="parse-curl"')[2].split(">", 1)[1].split("</pre>")[0])
    words = shlex.split(shown)
    assert words[:3] == ["curl", "-s", f"http://testserver/api/v1/skills/{skill.slug}/parse"]
    assert json.loads(words[-1]) == {"utterance": utterance}


@pytest.mark.parametrize(
    "utterance",
    [
        "🍕🍕 big 🍕",
        "أريد بيتزا big من فضلك",
        "x" * 10_000,
        "<script>alert(1)</script> big pizza",
        "  i want\ta big   pizza ",
        "{size} pizza",
    ],
)
def test_any_text_is_parsed_and_shown_safely(
    browser: Client, ready_run: TrainingRun, address: str, utterance: str
) -> None:
    answer = say(browser, address, utterance)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize(
    ("utterance", "told"),
    [
        ("", "The utterance is empty"),
        (" \t ", "The utterance is empty"),
        ("x" * 10_001, "10,001 characters; at most 10,000"),
    ],
)
def test_what_cannot_be_parsed_is_told(
    browser: Client, ready_run: TrainingRun, address: str, utterance: str, told: str
) -> None:
    answer = say(browser, address, utterance)
    assert answer.status_code == 422
    assert told in answer.content.decode()


def test_a_lost_artifact_asks_for_another_build(
    browser: Client, ready_run: TrainingRun, address: str
) -> None:
    storage.discard(ready_run.pk)
    answer = say(browser, address, "a big pizza")
    assert answer.status_code == 409
    assert b"Build again" in answer.content


def test_a_change_since_the_build_is_told(
    browser: Client, skill: Skill, ready_run: TrainingRun, address: str
) -> None:
    skill.intents.get(name="OrderPizza").samples.create(text="feed me", position=9)
    assert b"this parses with that build" in browser.get(address).content


def test_why_is_told_of_either_parser(
    browser: Client, ready_run: TrainingRun, skill: Skill, address: str
) -> None:
    assert say(browser, address, "i want a big pizza").content.count(b"Why?") == 2
    form = {"utterance": "i want a big pizza", "parser": "neural", "version": "1"}
    page = browser.post(f"{address}/why", form, **HTMX).content.decode()
    assert "<html" not in page
    assert "Exactly a sample" in page
    assert "Words that decide" in page
    assert "<bdi>big</bdi>" in page and "of <bdi>Size</bdi>" in page
    page = browser.post(f"{address}/why", form | {"parser": "maxent_crf"}).content.decode()
    assert "<html" in page
    assert "rather than <bdi>OpeningHours</bdi>" in page
    assert re.search(
        r"(word|words|after|before|between|in|with) “", page.partition("Word by word")[2]
    )
    looked_up = browser.post(f"{address}/why", form | {"utterance": "stop"}, **HTMX)
    assert b"Looked up." in looked_up.content


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"parser": "load"}, 422),
        ({"version": "7"}, 404),
        ({"version": "x"}, 404),
        ({"utterance": " "}, 422),
    ],
)
def test_what_cannot_be_explained_is_told(
    browser: Client, ready_run: TrainingRun, address: str, change: dict[str, str], status: int
) -> None:
    form = {"utterance": "big", "parser": "neural", "version": ""} | change
    assert browser.post(f"{address}/why", form, **HTMX).status_code == status


# --- Comparison ---------------------------------------------------------------------------


def test_disagreement_is_marked(skill: Skill) -> None:
    ours = parse("a big pizza", "OrderPizza", ("size", 2, 5))
    theirs = parse("a big pizza", "Gone", ("size", 2, 11))
    found = compare(skill, ParsePair("a big pizza", ours, theirs, 1.0, 2.0), slot_colors(skill))
    assert (found.pair.intents_differ, found.pair.slots_differ, found.pair.agree) == (
        True,
        True,
        False,
    )
    assert [[row.alone for row in column.slots] for column in found.columns] == [[True], [True]]
    assert found.columns[0].intent_pk == skill.intents.get(name="OrderPizza").pk
    assert found.columns[1].intent_pk is None  # it is no longer in the skill


def test_pieces_are_the_whole_utterance_and_colours_stay() -> None:
    text, colors = "🍕 big أريد small 🍕", SlotColors({"size": 3})
    slots = [SlotSpan("new", 11, 16, "small"), SlotSpan("size", 2, 5, "big")]
    pieces = utterance_pieces(text, slots, colors)
    assert "".join(piece.text for piece in pieces) == text
    assert Piece("big", "size", 3) in pieces
    assert Piece("small", "new", colors["new"]) in pieces
    assert colors["new"] == SlotColors()["new"]


def test_a_parse_becomes_a_sample() -> None:
    found = parse("a big pizza for two", "OrderPizza", ("guests", 16, 19), ("size", 2, 5))
    assert as_sample(found) == "a {size} pizza for {guests}"


def test_suggestions_of_an_odd_skill(alice: Any, skill: Skill) -> None:
    skill.intents.create(name="Empty", position=10)
    skill.intents.create(name="Odd", position=11).samples.create(text="broken {", position=0)
    thing = skill.intents.create(name="Thing", position=12)
    thing.samples.create(text="get {thing}", position=0)
    assert len(suggestions(skill)) == 3


# --- Teach --------------------------------------------------------------------------------


def teach(browser: Client, skill: Skill, intent: Any, text: str) -> Any:
    form = {"intent": intent, "text": text}
    return browser.post(reverse("console-teach", args=[skill.slug]), form, **HTMX)


def test_teach_adds_a_sample(browser: Client, skill: Skill) -> None:
    intent = skill.intents.get(name="OrderPizza")
    answer = teach(browser, skill, intent.pk, "feed me something {size}, please!")
    assert b"Added to" in answer.content
    assert intent.samples.filter(text="feed me something {size} please").exists()
    again = teach(browser, skill, intent.pk, "feed me something {size} please")
    assert b"has that sample already" in again.content


def lesson(browser: Client, skill: Skill, **form: Any) -> str:
    answer = browser.post(reverse("console-lesson", args=[skill.slug]), form, **HTMX)
    return unescape(answer.content.decode())


def test_a_lesson_begins_with_what_was_understood(
    browser: Client, skill: Skill, ready_run: TrainingRun
) -> None:
    page = lesson(browser, skill, utterance="order a huge pizza")
    assert 'value="order a {huge|size} pizza"' in page
    assert 'data-mark="size"' in page
    assert "The intent has nearly the same: “order a {size} pizza”." in page
    hours = skill.intents.get(name="OpeningHours")
    page = lesson(browser, skill, utterance="x", text="my own text", intent=hours.pk)
    assert 'value="my own text"' in page and "data-mark=" not in page
    assert "The utterance is empty" in lesson(browser, skill, utterance=" ")


def test_listed_words_become_slots_and_others_stay(
    browser: Client, skill: Skill, ready_run: TrainingRun
) -> None:
    intent, form = skill.intents.get(name="OrderPizza"), {"listed": "any", "utterance": "x"}
    address = reverse("console-teach", args=[skill.slug])
    for text, stored in [
        ("make me a {Big|size} pie", "make me a {size} pie"),
        ("make me a {gigantic|size} pie", "make me a {gigantic|size} pie"),
    ]:
        answer = browser.post(address, form | {"intent": intent.pk, "text": text}, **HTMX)
        assert b"Added to" in answer.content
        assert intent.samples.last().text == stored


def test_what_teaches_little_is_pointed_out(
    browser: Client, skill: Skill, ready_run: TrainingRun
) -> None:
    hours = skill.intents.get(name="OpeningHours")
    form = {"intent": hours.pk, "utterance": "order a big pizza", "text": "order a {size} pizza"}
    address = reverse("console-teach", args=[skill.slug])
    answer = browser.post(address, form, **HTMX)
    assert answer.status_code == 422
    assert b"OrderPizza</bdi></a> has that sample already" in answer.content
    assert not hours.samples.filter(text="order a {size} pizza").exists()
    assert b"Added to" in browser.post(address, form | {"anyway": "1"}, **HTMX).content
    said = {"intent": hours.pk, "utterance": "", "text": "when open you do"}
    added = unescape(browser.post(address, said, **HTMX).content.decode())
    assert "It may teach little" in added and "nearly the same: “when do you open”" in added


def test_a_parse_goes_to_an_annotation_set_as_it_is_or_corrected(
    browser: Client, skill: Skill, ready_run: TrainingRun, address: str
) -> None:
    page = unescape(say(browser, address, "order a huge pizza").content.decode())
    add = reverse("annotation-add", args=[skill.slug])
    assert f'action="{add}"' in page and 'name="text" value="order a {huge|size} pizza"' in page
    page = lesson(browser, skill, utterance="order a huge pizza")
    assert f'formaction="{add}"' in page
    form = {"text": "order a {huge pizza|size}", "intent": "OrderPizza", "listed": "any"}
    assert browser.post(add, form, **HTMX).status_code == 200
    assert skill.annotation_sets.get().annotations.count() == 1


# --- Many utterances ----------------------------------------------------------------------


def test_many_utterances_are_parsed_at_once(
    browser: Client, skill: Skill, ready_run: TrainingRun
) -> None:
    address = reverse("console-many", args=[skill.slug])
    lines = "are you open\n\n  order a big pizza \nare you open\n=1+1\n"
    page = browser.post(address, {"utterances": lines}, **HTMX).content.decode()
    assert page.count("<tbody") == 3 and "3 utterances" in page
    levels = [int(piece[0]) for piece in page.split('data-disagreement="')[1:]]
    assert levels == sorted(levels, reverse=True)
    answer = browser.post(address, {"utterances": lines, "format": "csv"})
    rows = list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))
    assert [row["utterance"] for row in rows] == ["are you open", "order a big pizza", "'=1+1"]
    assert rows[1]["dnn_slots"] == "size=big" and rows[1]["maxent_crf_intent"] == "OrderPizza"
    assert 0 < float(rows[0]["dnn_confidence"]) <= 1
    assert b"<html" in browser.get(address).content


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (" \n", "There is no utterance"),
        ("\n".join(map(str, range(201))), "these are 201"),
        ("ok\n" + "x" * 10_001, "Utterance 2: The utterance has 10,001"),
    ],
)
def test_lines_that_cannot_be_parsed_are_told(
    browser: Client, skill: Skill, ready_run: TrainingRun, lines: str, told: str
) -> None:
    address = reverse("console-many", args=[skill.slug])
    answer = browser.post(address, {"utterances": lines}, **HTMX)
    assert answer.status_code == 422 and told in answer.content.decode()


@pytest.mark.parametrize(
    ("intent", "text"),
    [
        ("", "x"),
        ("0", "x"),
        ("Unknown\0", "x"),
        ("²", "x"),
        ("9" * 19, "x"),
        ("9" * 5_000, "x"),
        (None, "{"),
    ],
)
def test_a_refused_lesson_adds_nothing(
    browser: Client, skill: Skill, intent: str | None, text: str
) -> None:
    before = skill.intents.get(name="OrderPizza").samples.count()
    chosen = skill.intents.get(name="OrderPizza").pk if intent is None else intent
    assert teach(browser, skill, chosen, text).status_code == 422
    assert skill.intents.get(name="OrderPizza").samples.count() == before
