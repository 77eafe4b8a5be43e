"""Dialogues over REST: the state goes out and comes back."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.import_export import import_interaction_model
from skillbuilder.authoring.models import Skill
from skillbuilder.training.models import TrainingRun


@pytest.fixture
def address(skill: Skill, ready_run: TrainingRun, dialog_document: dict[str, Any]) -> str:
    """Return the address of the dialogue of a skill that asks for sizes."""
    # Prompts need no build.
    import_interaction_model(skill, InteractionModel.from_json(dialog_document))
    return f"/api/v1/skills/{skill.slug}/dialogue"


def test_a_dialogue_until_the_intent_is_fulfilled(api: APIClient, address: str) -> None:
    first = api.post(address, {"utterance": "order a pizza"})
    assert first.status_code == 200
    turn = first.json()
    assert (turn["outcome"], turn["prompt"]) == ("asking", "How big?")
    assert turn["dialogAct"] == {"type": "Dialog.ElicitSlot", "targetSlot": "size"}
    assert turn["parse"]["intent"] == "OrderPizza"

    turn = api.post(
        address, {"utterance": "Big", "state": turn["state"], "parser": "maxent_crf"}
    ).json()
    assert turn["state"]["slots"]["size"] == {
        "name": "size",
        "text": "Big",
        "value": "large",
        "id": "L",
        "status": "ER_SUCCESS_MATCH",
        "confirmationStatus": "NONE",
    }
    assert turn["prompt"] == "A Big pizza?"

    turn = api.post(address, {"utterance": "yes", "state": turn["state"]}).json()
    assert (turn["outcome"], turn["dialogAct"]) == ("fulfilled", None)


@pytest.mark.parametrize("state", ["", "soon", 5, [], {}, {"intent": "OrderPizza"}])
def test_a_state_of_no_dialogue_is_400(api: APIClient, address: str, state: Any) -> None:
    response = api.post(address, {"utterance": "big", "state": state})
    assert response.status_code == 400
    assert response.json()["problems"][0]["path"] == "$.state"


def test_a_parser_that_is_none_is_400_and_no_build_is_409(
    api: APIClient, skill: Skill, address: str
) -> None:
    assert api.post(address, {"utterance": "hello", "parser": "both"}).status_code == 400
    TrainingRun.objects.all().delete()
    response = api.post(address, {"utterance": "hello"})
    assert (response.status_code, response.json()["code"]) == (409, "not_trained")
