"""A skill that someone deletes between our look at it and our change of it is a 404."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from skillbuilder.api import views
from skillbuilder.authoring.models import Skill


@pytest.fixture
def deleted(skill: Skill, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of a skill that was there when the view looked and is gone now."""
    Skill.objects.filter(pk=skill.pk).delete()
    monkeypatch.setattr(views, "visible_skill", lambda request, slug, **options: skill)
    return f"/api/v1/skills/{skill.slug}"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "", {"name": "New"}),
        ("delete", "", None),
        ("put", "/interaction-model", {"intents": [{"name": "A", "samples": ["b"]}]}),
        ("post", "/training-runs", {}),
    ],
)
def test_a_skill_that_is_deleted_meanwhile_is_404(
    api: APIClient, deleted: str, method: str, path: str, body: Any
) -> None:
    answer = getattr(api, method)(f"{deleted}{path}", body)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert not Skill.objects.exists()
