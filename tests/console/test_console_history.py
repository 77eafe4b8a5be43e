"""Earlier utterances, links to parses, two versions side by side, the drawer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from nlu_engine.frames import Frame, Parse
from nlu_engine.parsers import ParsePair
from skillbuilder.authoring.models import Skill
from skillbuilder.console.answers import Changed
from skillbuilder.training import runs, storage, tried
from skillbuilder.training.models import TrainingRun, TriedUtterance

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def address(skill: Skill) -> str:
    return reverse("skill-console", args=[skill.slug])


def other_run(skill: Skill, artifact: Path) -> TrainingRun:
    """Return a second ready run of ``skill``, which it parses with from now on."""
    runs.request_run(skill, seed=7)
    run = runs.claim_next()
    assert run is not None
    storage.publish(run.pk, lambda directory: shutil.copytree(artifact, directory))
    runs.finish(run, notes=[], metrics={})
    return run


def test_a_post_is_kept_for_its_user_and_a_link_keeps_nothing(
    browser: Client,
    bob: Any,
    skill: Skill,
    ready_run: TrainingRun,
    address: str,
    browser_of: Callable[[Any], Client],
) -> None:
    skill.memberships.create(user=bob, user_name="bob", role="viewer")
    for text in ("a big pizza", "are you open", "a big pizza", " "):
        browser.post(address, {"utterance": text}, **HTMX)
    page = browser.get(address, {"utterance": "when do you <open>"}).content.decode()
    assert "OpeningHours" in page and "when do you &lt;open&gt;" in page
    assert tried.texts(skill, skill.owner) == ["a big pizza", "are you open"]
    listed = unescape(page.partition('data-earlier="')[2].partition('"')[0])
    assert json.loads(listed) == ["are you open", "a big pizza"]
    history = browser.get(reverse("console-history", args=[skill.slug])).content.decode()
    assert "?utterance=a%20big%20pizza&amp;version=1" in history
    others = browser_of(bob).get(reverse("console-history", args=[skill.slug])).content
    assert b"Nothing was parsed yet" in others and b"big pizza" not in others


def test_of_earlier_utterances_only_the_last_are_kept(
    browser: Client, skill: Skill, ready_run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tried, "MOST", 3)
    for number in range(5):
        text, differ = f"utterance {number}\0", number == 4
        ours, theirs = (
            Parse(text, Frame("OrderPizza"), 0.5),
            Parse(text, Frame("Other" if differ else "OrderPizza"), 0.5),
        )
        tried.note(skill, skill.owner, ready_run, ParsePair(text, ours, theirs, 1, 1))
    assert tried.texts(skill, skill.owner) == ["utterance 4", "utterance 3", "utterance 2"]
    history = reverse("console-history", args=[skill.slug])
    page = browser.get(history, {"only": "differ"}).content
    assert b"utterance 4" in page and b"utterance 3" not in page
    assert browser.post(history).status_code == 302
    assert not TriedUtterance.objects.exists()
    assert b"In none of them" in browser.get(history, {"only": "differ"}).content


def test_two_versions_answer_side_by_side(
    browser: Client, skill: Skill, ready_run: TrainingRun, trained_artifact: Path, address: str
) -> None:
    assert b"compared with" not in browser.get(address).content
    other_run(skill, trained_artifact)
    assert b"compared with" in browser.get(address).content
    form = {"utterance": "a big pizza", "version": "", "against": "1"}
    page = browser.post(address, form, **HTMX).content.decode()
    assert page.count("the same answer") == 2
    assert page.index("Version 1") < page.index("Version 2</h2>")
    assert page.count("Why?") == 4
    link = unescape(page.partition('data-copy-link="')[2].partition('"')[0])
    assert link.endswith("?utterance=a+big+pizza&version=2&against=1")
    assert "From version 1 to version 2" in browser.get(link).content.decode()
    page = browser.post(address, form | {"version": "1"}, **HTMX).content.decode()
    assert "From version" not in page and "version 1</a>" in page
    assert browser.get(address, form | {"version": "9"}).status_code == 404


def test_what_changed_between_versions_is_told_of_intent_and_slots() -> None:
    before, after = Parse("x", Frame("A"), 0.5), Parse("x", Frame("B"), 0.6)
    found = Changed("DNN", before, after)
    assert (found.intent, found.slots) == (True, False)


def test_a_version_that_is_no_longer_there_is_told(
    browser: Client, skill: Skill, ready_run: TrainingRun, address: str
) -> None:
    runs.request_run(skill, seed=3)
    answer = browser.post(address, {"utterance": "hello", "version": "2"}, **HTMX)
    assert answer.status_code == 422 and b"is not trained yet" in answer.content


def test_a_long_utterance_has_no_link(
    browser: Client, ready_run: TrainingRun, address: str
) -> None:
    page = browser.post(address, {"utterance": "ä" * 500}, **HTMX).content
    assert b"Link to this parse" not in page


def test_the_drawer_is_on_every_page_but_the_consoles_own(
    browser: Client, skill: Skill, ready_run: TrainingRun, address: str
) -> None:
    drawer = reverse("console-drawer", args=[skill.slug])
    intent = reverse("intent-detail", args=[skill.slug, skill.intents.all()[0].pk])
    assert f'data-drawer="{drawer}"' in browser.get(intent).content.decode()
    assert "data-drawer=" not in browser.get(address).content.decode()
    page = browser.get(drawer, **HTMX).content.decode()
    assert 'id="drawer-utterance"' in page and "<html" not in page
    assert browser.get(drawer).headers["Location"] == address


def test_before_the_first_build_the_drawer_teaches(browser: Client, skill: Skill) -> None:
    page = browser.get(reverse("console-drawer", args=[skill.slug]), **HTMX).content
    assert b"Build the skill, then talk to it here" in page
