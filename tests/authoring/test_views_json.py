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
    before = export_interaction_model(skill).to_json()
    form = {"digest": digest(skill), "document": json.dumps(other)}
    review = browser.post(address, form)
    page = review.content.decode()
    assert review.status_code == 200
    assert "4 changes" in page
    assert "until when" in page and "what are your hours" in page
    # Only what was reviewed is stored.
    assert export_interaction_model(skill).to_json() == before
    assert browser.post(address, form | {"is_reviewed": "1"}).status_code == 302
    assert export_interaction_model(skill).to_json() == other


def test_a_sample_that_moves_is_shown_as_moved(
    browser: Client, skill: Skill, address: str, tiny_document: dict[str, Any]
) -> None:
    document = deepcopy(tiny_document)
    order, opening, _ = document["interactionModel"]["languageModel"]["intents"]
    order["samples"].append(opening["samples"].pop(0))
    form = {"digest": digest(skill), "document": json.dumps(document)}
    page = " ".join(browser.post(address, form).content.decode().split())
    assert "1 change<" in page
    assert "when do you open</bdi>” <span" in page
    assert "<bdi>OpeningHours</bdi> <span" in page and "<bdi>OrderPizza</bdi>" in page


def test_back_to_the_text_keeps_it(
    browser: Client, skill: Skill, address: str, other: dict[str, Any]
) -> None:
    form = {"digest": digest(skill), "document": json.dumps(other), "is_reviewed": "1", "back": "1"}
    page = browser.post(address, form).content.decode()
    assert "until when" in page.partition("<textarea")[2]
    assert "Review changes" in page
    assert export_interaction_model(skill).to_json() != other


def test_the_same_document_offers_nothing_to_replace(
    browser: Client, skill: Skill, address: str, tiny_document: dict[str, Any]
) -> None:
    form = {"digest": digest(skill), "document": json.dumps(tiny_document)}
    page = browser.post(address, form).content.decode()
    assert "Nothing differs" in page
    assert "</svg> Replace" not in page


def test_problems_have_their_lines(
    browser: Client, skill: Skill, address: str, other: dict[str, Any]
) -> None:
    other["interactionModel"]["languageModel"]["intents"][0]["samples"][1] = "a {nowhere} pizza"
    text = json.dumps(other, indent=2)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "nowhere" in row)
    page = browser.post(address, {"digest": digest(skill), "document": text}).content.decode()
    assert f'data-goto-line="{line}" data-severity="error"' in page
    broken = text.replace('"samples": [', '"samples" [', 1)
    page = browser.post(address, {"digest": digest(skill), "document": broken}).content.decode()
    assert "This is not JSON" in page
    line = next(n for n, row in enumerate(broken.splitlines(), 1) if '"samples" [' in row)
    assert f'data-goto-line="{line}"' in page


def test_a_document_is_checked_while_it_is_written(
    browser: Client, skill: Skill, other: dict[str, Any]
) -> None:
    address = reverse("skill-json-check", args=[skill.slug])
    other["interactionModel"]["languageModel"]["intents"][0]["samples"][1] = "make it large {size}"
    before = digest(skill)
    page = browser.post(address, {"document": json.dumps(other)}).content.decode()
    assert "“large” is plain here" not in page  # It has {size} already.
    assert "has only 1 sample utterance" in page
    assert "<html" not in page
    assert "This is not JSON" in browser.post(address, {"document": "{"}).content.decode()
    assert digest(skill) == before


def test_strangers_check_nothing(browser_of: Any, charlie: Any, skill: Skill) -> None:
    address = reverse("skill-json-check", args=[skill.slug])
    assert browser_of(charlie).post(address, {"document": "{}"}).status_code == 404


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
    form = {"document": json.dumps(other), "is_reviewed": "1"}
    answer = browser.post(address, form | {"digest": seen})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The skill changed after you opened this page" in page
    assert "until when" in page.partition("<textarea")[2]
    assert skill.intents.get(name="OpeningHours").samples.filter(text="from another tab").exists()
    # The page has the new digest: sent again, it wins.
    assert f'value="{digest(skill)}"' in page
    assert "from another tab" in page  # Among what would be lost.
    browser.post(address, form | {"digest": digest(skill)})
    assert export_interaction_model(skill).to_json() == other


def test_without_a_digest_nothing_is_replaced(
    browser: Client, skill: Skill, address: str, other: dict[str, Any]
) -> None:
    before = digest(skill)
    assert browser.post(address, {"document": json.dumps(other)}).status_code == 422
    assert digest(skill) == before
