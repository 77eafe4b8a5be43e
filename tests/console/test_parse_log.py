"""The parse log: off until the owner wants it, redacted, purged, reviewed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from nlu_engine.frames import Frame, Parse, SlotSpan
from nlu_engine.parsers import ParsePair
from skillbuilder.authoring.models import Skill
from skillbuilder.training import parse_log
from skillbuilder.training.models import LoggedParse, ParseLog, TrainingRun
from skillbuilder.training.tasks import purge_parse_logs

HTMX = {"HTTP_HX_REQUEST": "true"}
Review = LoggedParse.Review


def parse(text: str, intent: str, *spans: tuple[str, str], confidence: float = 0.9) -> Parse:
    slots = [
        SlotSpan(name, text.index(word), text.index(word) + len(word), word) for name, word in spans
    ]
    return Parse(text, Frame(intent, tuple(slots)), confidence)


def kept(skill: Skill, run: TrainingRun, ours: Parse, theirs: Parse | None = None) -> LoggedParse:
    parse_log.record(skill, run, ParsePair(ours.utterance, ours, theirs or ours, 1, 1))
    return skill.logged_parses.latest("pk")


@pytest.fixture
def run(skill: Skill) -> TrainingRun:
    return TrainingRun.objects.create(skill=skill, snapshot={}, digest="", locale="en-US")


@pytest.fixture
def log(skill: Skill) -> str:
    """Switch the parse log of ``skill`` on; return its address."""
    parse_log.switch_on(skill, 30, [])
    return reverse("skill-log", args=[skill.slug])


def review(browser: Client, entry: LoggedParse, verdict: str) -> str:
    address = reverse("log-review", args=[entry.skill.slug, entry.pk])
    answer = browser.post(address, {"verdict": verdict}, **HTMX)
    assert answer.status_code == 200
    entry.refresh_from_db()
    return unescape(answer.content.decode())


# --- Keeping ------------------------------------------------------------------------------


def test_what_programs_have_parsed_is_kept_only_if_the_owner_wants_it(
    browser: Client, api: APIClient, skill: Skill, ready_run: TrainingRun
) -> None:
    address = reverse("skill-log", args=[skill.slug])
    body = {"utterance": "order a huge pizza"}
    api.post(f"/api/v1/skills/{skill.slug}/parse", body)
    assert not LoggedParse.objects.exists()
    assert b"Keep what programs say" in browser.get(address).content
    form = {"enabled": "on", "retention_days": "7", "sensitive_slots": ["size"]}
    browser.post(reverse("log-settings", args=[skill.slug]), form)
    api.post(f"/api/v1/skills/{skill.slug}/parse", body)
    browser.post(reverse("skill-console", args=[skill.slug]), body)
    [entry] = skill.logged_parses.all()
    assert entry.neural_sample == entry.maxent_crf_sample == "order a {size} pizza"
    assert (entry.neural_intent, entry.run) == ("OrderPizza", ready_run)
    browser.post(reverse("log-settings", args=[skill.slug]), {})
    assert not ParseLog.objects.exists() and not LoggedParse.objects.exists()


def test_sensitive_words_that_either_parser_found_are_taken_out(
    skill: Skill, run: TrainingRun
) -> None:
    parse_log.switch_on(skill, 30, ["phone"])
    text = "call {me} at 555 1234 or bob"
    ours = parse(text, "Call", ("who", "bob"), ("phone", "555"))
    theirs = parse(text, "Call", ("phone", "5 1234"), ("who", "1234 or"))
    entry = kept(skill, run, ours, theirs)
    assert entry.neural_sample == "call (me) at {phone} or {bob|who}"
    assert entry.maxent_crf_sample == "call (me) at {phone} or bob"
    # Ids, times and what Django keeps of an object have digits of their own.
    told = str([value for value in vars(entry).values() if isinstance(value, str | list | dict)])
    assert "555" not in told and "1234" not in told and "bob" in told
    for long in (kept(skill, run, parse("x" * 1_001, "Call")),):
        assert long == entry  # nothing new


def test_what_was_kept_long_enough_is_deleted(
    skill: Skill, run: TrainingRun, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [kept(skill, run, parse(f"number {n}", "Call")) for n in range(5)]
    old = timezone.now() - timedelta(days=30, minutes=1)
    LoggedParse.objects.filter(pk=entries[4].pk).update(created_at=old)
    monkeypatch.setattr(parse_log, "MOST", 2)
    purge_parse_logs()
    assert set(skill.logged_parses.all()) == {entries[2], entries[3]}


def test_only_the_owner_switches_it_and_only_editors_see_it(
    skill: Skill, log: str, bob: Any, browser_of: Callable[[Any], Client]
) -> None:
    member = skill.memberships.create(user=bob, user_name="bob", role="editor")
    address = reverse("log-settings", args=[skill.slug])
    assert browser_of(bob).post(address, {}).status_code == 403
    assert b"Only the owner may change this" in browser_of(bob).get(log).content
    assert ParseLog.objects.exists()
    member.role = "viewer"
    member.save()
    assert browser_of(bob).get(log).status_code == 403


@pytest.mark.parametrize(
    "form", [{"retention_days": "3650"}, {"sensitive_slots": ["unknown"]}, {"retention_days": "x"}]
)
def test_a_wrong_setting_changes_nothing(
    browser: Client, skill: Skill, form: dict[str, Any]
) -> None:
    address = reverse("log-settings", args=[skill.slug])
    page = browser.post(address, {"enabled": "on"} | form, follow=True).content
    assert b"Nothing was changed" in page and not ParseLog.objects.exists()


# --- Reviewing ----------------------------------------------------------------------------


def test_the_queue_begins_with_what_is_most_doubtful(
    browser: Client, skill: Skill, run: TrainingRun, log: str
) -> None:
    kept(skill, run, parse("sure thing", "OpeningHours", confidence=0.99))
    kept(skill, run, parse("not so sure", "OpeningHours", confidence=0.4))
    ours, theirs = parse("quite unlike", "OpeningHours"), parse("quite unlike", "OrderPizza")
    for _ in range(2):
        kept(skill, run, ours, theirs)
    page = browser.get(log).content.decode()
    assert "To review (3)" in page
    places = [page.index(text) for text in ("quite unlike", "not so sure", "sure thing")]
    assert places == sorted(places)
    table = page[page.index("data-chart=") : page.index("</figure>")]
    assert table.count("<tr>") == 31
    assert '<td data-value="4">4</td><td data-value="2">2</td>' in table, "today"
    assert "2 with a disagreement</span></li>" in page


def test_accept_teaches_and_ignore_can_be_undone(
    browser: Client, skill: Skill, run: TrainingRun, log: str
) -> None:
    ours = parse("gimme a huge one", "OrderPizza", ("size", "huge"))
    first, same = kept(skill, run, ours), kept(skill, run, ours)
    assert "Ignored" in review(browser, first, "ignore")
    assert first.review == Review.IGNORED and not parse_log.queue(skill)
    assert "Accept" in review(browser, first, "again")
    assert "Added to" in review(browser, first, "accept")
    same.refresh_from_db()
    assert (first.review, same.review) == (Review.ACCEPTED, Review.ACCEPTED)
    pizza = skill.intents.get(name="OrderPizza")
    assert pizza.samples.filter(text="gimme a {size} one").count() == 1
    assert "has that sample already" in review(browser, first, "accept")
    smiling = kept(skill, run, parse("feed me :)", "OrderPizza"))
    assert "Added to" in review(browser, smiling, "accept")
    assert pizza.samples.filter(text="feed me").exists()
    stop = kept(skill, run, parse("stop", "AMAZON.StopIntent"))
    assert "learns from no samples" in review(browser, stop, "accept")
    assert b"All is reviewed" in browser.get(log).content


def test_correct_opens_a_lesson_that_settles_the_entry(
    browser: Client, skill: Skill, run: TrainingRun, log: str
) -> None:
    entry = kept(skill, run, parse("till when", "OrderPizza"))
    page = review(browser, entry, "correct")
    assert f'name="entry" value="{entry.pk}"' in page and 'value="till when"' in page
    hours = skill.intents.get(name="OpeningHours")
    form = {"entry": entry.pk, "text": "till when", "intent": hours.pk}
    lesson = browser.post(reverse("console-lesson", args=[skill.slug]), form, **HTMX)
    assert f'name="entry" value="{entry.pk}"' in lesson.content.decode()
    assert entry.review == Review.OPEN
    browser.post(reverse("console-teach", args=[skill.slug]), form, **HTMX)
    entry.refresh_from_db()
    assert entry.review == Review.CORRECTED
    assert hours.samples.filter(text="till when").exists()


def test_without_scripts_a_review_leads_back(
    browser: Client, skill: Skill, run: TrainingRun, log: str
) -> None:
    entry = kept(skill, run, parse("till when", "OrderPizza"))
    address = reverse("log-review", args=[skill.slug, entry.pk])
    assert browser.post(address, {"verdict": "ignore"}).headers["Location"] == log
    assert b"<html" in browser.post(address, {"verdict": "correct"}).content
