"""The dialogue page: one talks, and the state goes with the page."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.import_export import import_interaction_model
from skillbuilder.authoring.models import Skill
from skillbuilder.training.models import TrainingRun

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def address(skill: Skill) -> str:
    """Return the address of the dialogue of ``skill``."""
    return reverse("skill-dialogue", args=[skill.slug])


def state_in(page: str) -> str:
    found = re.search(r'name="dialogue" value="([^"]*)"', page)
    assert found
    return unescape(found.group(1))


def test_the_page_teaches_before_there_is_a_build_or_a_dialog(
    browser: Client, skill: Skill, address: str
) -> None:
    assert b"Build the skill, then talk with it here" in browser.get(address).content
    assert browser.post(address, {"utterance": "hello"}, **HTMX).status_code == 422


def test_one_talks_until_the_intent_is_fulfilled(
    browser: Client,
    skill: Skill,
    ready_run: TrainingRun,
    address: str,
    dialog_document: dict[str, Any],
) -> None:
    assert b"No intent asks for anything yet" in browser.get(address).content
    import_interaction_model(skill, InteractionModel.from_json(dialog_document))
    assert 'data-say="order a pizza"' in browser.get(address).content.decode()

    page = browser.post(address, {"utterance": "order a pizza"}, **HTMX).content.decode()
    assert "How big?" in page
    assert "<html" not in page
    assert json.loads(state_in(page))["asked"]["targetSlot"] == "size"

    said = {"utterance": "enormous", "dialogue": state_in(page), "parser": "maxent_crf"}
    page = browser.post(address, said, **HTMX).content.decode()
    assert "Small or large, please." in page
    assert "hasEntityResolutionMatch" in page

    said = {"utterance": "a <big> one", "dialogue": state_in(page)}
    page = browser.post(address, said, **HTMX).content.decode()
    assert "a &lt;big&gt; one" in page
    said = {"utterance": "big", "dialogue": state_in(page)}
    # Without htmx the whole page comes.
    page = browser.post(address, said).content.decode()
    assert "<html" in page
    assert "A big pizza?" in page
    assert '<code class="value-id"><bdi>L</bdi></code>' in page
    page = browser.post(
        address, {"utterance": "yes", "dialogue": state_in(page)}, **HTMX
    ).content.decode()
    assert "is fulfilled" in page
    assert state_in(page) == ""


@pytest.mark.parametrize("state", ["{", "[]", '{"intent": 1}'])
def test_a_broken_state_is_told(
    browser: Client, ready_run: TrainingRun, address: str, state: str
) -> None:
    answer = browser.post(address, {"utterance": "big", "dialogue": state}, **HTMX)
    assert answer.status_code == 422
    assert b"alert-danger" in answer.content
