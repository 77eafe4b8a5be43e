"""The builder checklist on the overview: what is done, where the rest is done, hiding it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse

from skillbuilder.authoring.models import Checklist, Skill
from skillbuilder.authoring.sample_skills import list_sample_skills
from skillbuilder.authoring.skills import create_skill
from skillbuilder.training.models import TrainingRun

STEP = re.compile(r'<li class="(done|)">.*?<a href="([^"]+)">([^<]+)</a>', re.DOTALL)
TITLES = [
    "Invocation name",
    "Two intents of your own",
    "Five sample utterances in each",
    "Slots and slot types",
    "Build",
    "Try it",
]


def overview(browser: Client, skill: Skill) -> str:
    return browser.get(reverse("skill-detail", args=[skill.slug])).content.decode()


def done(page: str) -> list[str]:
    """Return the titles of the steps that are done."""
    return [title for state, _, title in STEP.findall(page) if state]


def test_a_blank_skill_has_everything_to_do(browser: Client, alice: Any) -> None:
    skill = create_skill(alice, name="Empty", locale="en-US")
    page = overview(browser, skill)
    assert [title for _, _, title in STEP.findall(page)] == TITLES
    assert done(page) == []
    assert "5 to do" in page  # Slots are optional.
    assert '<details class="card" id="checklist" open>' in page


def test_each_step_leads_to_a_page_that_is_there(browser: Client, skill: Skill) -> None:
    for _, address, title in STEP.findall(overview(browser, skill)):
        assert browser.get(address).status_code == 200, title


def test_what_is_done_is_read_off_the_skill(browser: Client, skill: Skill, alice: Any) -> None:
    page = overview(browser, skill)
    assert done(page) == [TITLES[0], TITLES[1], TITLES[3]]
    assert "Too few in OrderPizza, OpeningHours." in page
    skill.slot_types.get().values.all().delete()
    page = overview(browser, skill)
    assert TITLES[3] not in done(page) and "No values in Size." in page
    full = create_skill(alice, name="Full", locale="en-US", model=list_sample_skills()[0].model)
    assert done(overview(browser, full)) == TITLES[:4]


def test_an_invocation_name_against_the_rules_is_not_done(browser: Client, skill: Skill) -> None:
    skill.invocation_name = "Pizza 4 you"
    skill.save()
    page = overview(browser, skill)
    assert TITLES[0] not in done(page)
    assert "“Pizza 4 you”: An invocation name is written in lower case." in page
    before = int(re.findall(r"(\d) to do", page)[0])
    # One word alone may be a brand: it is told, and not counted.
    skill.invocation_name = "pizzeria"
    skill.save()
    page = overview(browser, skill)
    assert TITLES[0] not in done(page)
    assert f"{before - 1} to do" in page


def test_a_parse_ends_the_list_which_then_folds(
    browser: Client, skill: Skill, ready_run: TrainingRun
) -> None:
    assert "Build" in done(overview(browser, skill))
    console = reverse("skill-console", args=[skill.slug])
    assert browser.post(console, {"utterance": ""}).status_code == 422
    assert "Try it" not in done(overview(browser, skill))
    assert browser.post(console, {"utterance": "order a big pizza"}).status_code == 200
    tried_at = Checklist.objects.get().tried_at
    browser.post(console, {"utterance": "order a pizza"})
    assert Checklist.objects.get().tried_at == tried_at
    for intent in skill.intents.exclude(name__startswith="AMAZON."):
        for number in range(3):
            intent.samples.create(text=f"yet another {intent.name} {number}", position=9)
    page = overview(browser, skill)
    assert done(page) == TITLES
    assert "all done" in page and '<details class="card" id="checklist">' in page


def test_it_is_hidden_for_one_user_and_one_skill_until_shown_again(
    browser: Client, skill: Skill, alice: Any
) -> None:
    other = create_skill(alice, name="Other", locale="en-US")
    address = reverse("checklist-hide", args=[skill.slug])
    browser.post(address, {"hidden": "1"})
    assert "Show the builder checklist" in overview(browser, skill)
    assert 'id="checklist"' not in overview(browser, skill)
    assert 'id="checklist"' in overview(browser, other)
    browser.post(address)
    assert 'id="checklist"' in overview(browser, skill)
    assert browser.get(address).status_code == 405


def test_a_stranger_hides_nothing(
    browser_of: Callable[[Any], Client], skill: Skill, charlie: Any
) -> None:
    address = reverse("checklist-hide", args=[skill.slug])
    assert browser_of(charlie).post(address, {"hidden": "1"}).status_code == 404
    assert not Checklist.objects.exists()
