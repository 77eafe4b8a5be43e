"""The checks of a skill, for programs."""

from __future__ import annotations

from typing import Any

from rest_framework.test import APIClient

from skillbuilder.authoring.checking import checked, dismiss
from skillbuilder.authoring.models import Skill


def address(skill: Skill) -> str:
    return f"/api/v1/skills/{skill.slug}/checks"


def test_checks_come_with_path_value_fix_and_limits(api: APIClient, skill: Skill) -> None:
    skill.intents.get(name="OrderPizza").samples.create(text="make it a large one", position=9)
    answer = api.get(address(skill)).json()
    check = next(check for check in answer["checks"] if check["code"] == "not-annotated")
    assert check["path"] == "$.interactionModel.languageModel.intents[0].samples[3]"
    assert (check["value"], check["severity"]) == ("make it a large one", "warning")
    assert check["fixes"][0]["do"] == "replace-sample"
    assert check["fixes"][0]["to"] == "make it a {size} one"
    assert answer["counts"]["warning"] == 3
    assert answer["limits"][0]["name"] == "Intents"


def test_dismissed_ones_are_marked(api: APIClient, skill: Skill) -> None:
    check = checked(skill).shown[0]
    dismiss(skill, check.key)
    answer = api.get(address(skill)).json()
    marked = [other["key"] for other in answer["checks"] if other["dismissed"]]
    assert marked == [check.key]
    assert answer["counts"]["dismissed"] == 1


def test_strangers_and_nobody(api_for: Any, charlie: Any, skill: Skill) -> None:
    assert api_for(charlie).get(address(skill)).status_code == 404
    assert APIClient().get(address(skill)).status_code == 401
