"""The JSON tab: show, download, replace."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill


@pytest.fixture
def address(skill: Skill) -> str:
    """Return the address of the JSON tab."""
    return reverse("skill-json", args=[skill.slug])


@pytest.fixture
def other(tiny_document: dict[str, Any]) -> dict[str, Any]:
    """Return the tiny skill with other opening hours."""
    document = deepcopy(tiny_document)
    document["interactionModel"]["languageModel"]["intents"][1]["samples"] = ["until when"]
    return document


def digest(skill: Skill) -> str:
    return export_interaction_model(skill).digest()


def test_it_shows_and_downloads_what_was_imported(
    browser: Client, skill: Skill, address: str, tiny_document: dict[str, Any]
) -> None:
    page = browser.get(address).content.decode()
    assert "&quot;invocationName&quot;: &quot;tiny kitchen&quot;" in page
    download = browser.get(reverse("skill-json-download", args=[skill.slug]))
    assert json.loads(download.content) == tiny_document
    assert 'filename="tiny-kitchen.en-US.json"' in download["Content-Disposition"]


def test_replace(browser: Client, skill: Skill, address: str, other: dict[str, Any]) -> None:
    form = {"digest": digest(skill), "document": json.dumps(other)}
    assert browser.post(address, form).status_code == 302
    assert export_interaction_model(skill).to_json() == other


def test_a_broken_rule_replaces_nothing(
    browser: Client, skill: Skill, address: str, other: dict[str, Any]
) -> None:
    other["interactionModel"]["languageModel"]["intents"][0]["slots"] = []
    before = digest(skill)
    answer = browser.post(address, {"digest": before, "document": json.dumps(other)})
    assert answer.status_code == 422
    assert "intents[0].samples[0]" in answer.content.decode()
    assert digest(skill) == before


def test_what_changed_meanwhile_is_not_overwritten_unseen(
    browser: Client, skill: Skill, address: str, other: dict[str, Any]
) -> None:
    seen = digest(skill)
    skill.intents.get(name="OpeningHours").samples.create(text="from another tab", position=9)
    answer = browser.post(address, {"digest": seen, "document": json.dumps(other)})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The skill changed after you opened this page" in page
    assert "until when" in page.partition("<textarea")[2]
    assert skill.intents.get(name="OpeningHours").samples.filter(text="from another tab").exists()
    # The page has the new digest: sent again, it wins.
    assert f'value="{digest(skill)}"' in page
    browser.post(address, {"digest": digest(skill), "document": json.dumps(other)})
    assert export_interaction_model(skill).to_json() == other


def test_without_a_digest_nothing_is_replaced(
    browser: Client, skill: Skill, address: str, other: dict[str, Any]
) -> None:
    before = digest(skill)
    assert browser.post(address, {"document": json.dumps(other)}).status_code == 422
    assert digest(skill) == before
