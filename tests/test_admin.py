"""The admin: for operators, who look and hand over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from skillbuilder.authoring.bin import bin_of
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.skills import create_skill
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


def test_what_an_operator_deletes_goes_into_the_bin_of_its_owner(
    operator: Client, skill: Skill, ready_run: TrainingRun
) -> None:
    other = create_skill(skill.owner, name="Other", locale="en-US")
    address = f"/admin/authoring/skill/{skill.pk}/delete/"
    assert "into the bin of alice" in operator.get(address).text
    operator.post(address, {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
    operator.post("/admin/authoring/skill/", chosen)
    assert set(bin_of(skill.owner)) == {skill, other}
    assert TrainingRun.objects.filter(pk=ready_run.pk).exists()


def test_an_operator_hands_a_skill_over_and_both_lists_follow(
    operator: Client, skill: Skill, bob: Any, browser_of: Callable[[Any], Client]
) -> None:
    form = {"name": skill.name, "slug": skill.slug, "locale": skill.locale, "owner": bob.pk}
    address = f"/admin/authoring/skill/{skill.pk}/change/"
    assert operator.post(address, form | {"invocation_name": "tiny"}).status_code == 302
    assert "Tiny kitchen" in browser_of(bob).get("/").text
    assert "Tiny kitchen" not in browser_of(skill.owner).get("/").text


def test_developers_have_no_business_there(
    skill: Skill, browser_of: Callable[[Any], Client]
) -> None:
    response = browser_of(skill.owner).get("/admin/authoring/skill/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")
