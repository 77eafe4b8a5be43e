"""The admin: for operators, who look and hand over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from skillbuilder.authoring.models import Skill
from skillbuilder.training.models import TrainingRun


@pytest.fixture
def operator(admin_user: Any, browser_of: Callable[[Any], Client]) -> Client:
    """Return the browser of a superuser."""
    return browser_of(admin_user)


def test_skills_and_runs_are_listed_and_shown(operator: Client, ready_run: TrainingRun) -> None:
    pages = {
        "/admin/authoring/skill/?q=tiny": "Tiny kitchen",
        f"/admin/authoring/skill/{ready_run.skill.pk}/change/": "tiny-kitchen",
        "/admin/training/trainingrun/": str(ready_run.pk),
        f"/admin/training/trainingrun/{ready_run.pk}/change/": ready_run.digest,
    }
    for address, content in pages.items():
        response = operator.get(address)
        assert response.status_code == 200
        assert content in response.text


def test_a_run_is_a_record_that_nobody_rewrites(operator: Client, ready_run: TrainingRun) -> None:
    operator.post(f"/admin/training/trainingrun/{ready_run.pk}/change/", {"status": "failed"})
    assert operator.get("/admin/training/trainingrun/add/").status_code == 403
    ready_run.refresh_from_db()
    assert ready_run.status == "ready"


def test_developers_have_no_business_there(
    skill: Skill, browser_of: Callable[[Any], Client]
) -> None:
    response = browser_of(skill.owner).get("/admin/authoring/skill/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")
