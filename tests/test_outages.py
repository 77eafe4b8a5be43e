"""While the database is busy for too long, or away: 503, and trying again helps."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from rest_framework.test import APIClient

from skillbuilder.api import views as api_views
from skillbuilder.authoring import views
from skillbuilder.authoring.models import Skill


def fail(*_: Any, **__: Any) -> None:
    raise OperationalError("database is locked")


def test_programs_are_told_to_try_again(
    api: APIClient, skill: Skill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_views, "import_interaction_model", fail)
    document = {"languageModel": {"intents": [{"name": "A", "samples": ["b"]}]}}
    before = skill.intents.count()
    answer = api.put(f"/api/v1/skills/{skill.slug}/interaction-model", document)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert answer.json()["code"] == "unavailable"
    assert "locked" not in answer.content.decode()
    assert skill.intents.count() == before


def test_people_get_a_page(alice: Any, browser_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "create_skill", fail)
    form = {"start": "blank", "name": "x", "locale": "en-US"}
    answer = browser_of(alice).post("/skills/new", form)
    assert answer.status_code == 503
    assert "Too busy at the moment" in answer.content.decode()
