"""While the database is busy for too long, or away: 503, and trying again helps."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from skillbuilder.api import views as api_views
from skillbuilder.authoring import views
from skillbuilder.authoring.models import Skill
from skillbuilder.training.models import TrainingRun


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


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connections to cut")
def test_what_changes_nothing_begins_again_when_the_database_was_restarted(
    api: APIClient, skill: Skill, ready_run: TrainingRun
) -> None:
    address, utterance = f"/api/v1/skills/{skill.slug}", {"utterance": "order a big pizza"}
    assert api.get(address).status_code == 200
    cut_connections()
    assert api.post(f"{address}/parse", utterance).status_code == 200
    cut_connections()
    assert api.get(address).status_code == 200
    cut_connections()
    assert api.patch(address, {"name": "Renamed"}).status_code == 503
    assert api.patch(address, {"name": "Renamed"}).status_code == 200


def cut_connections() -> None:
    """Cut all connections to the database, as its restart does."""
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
