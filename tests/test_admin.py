"""The admin: for operators, who look and hand over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import ProtectedError
from django.test import Client

from skillbuilder.authoring.bin import bin_of, put_away
from skillbuilder.authoring.catalogs import create_catalog
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


def test_an_account_that_owns_something_is_not_deleted_until_it_is_handed_over(
    operator: Client, skill: Skill, bob: Any
) -> None:
    owner = skill.owner
    binned = create_skill(owner, name="Binned", locale="en-US")
    put_away(binned)
    catalog = create_catalog(owner, "Crusts")
    address = f"/admin/auth/user/{owner.pk}/delete/"
    page = operator.get(address).text
    assert "Give these another owner first" in page
    assert all(name in page for name in ("Tiny kitchen", "Binned", "Crusts"))
    operator.post(address, {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [owner.pk], "post": "yes"}
    operator.post("/admin/auth/user/", chosen)
    assert type(owner).objects.filter(pk=owner.pk).exists()
    with pytest.raises(ProtectedError):
        owner.delete()
    for one in (skill, binned):
        form = {"name": one.name, "slug": one.slug, "locale": one.locale, "owner": bob.pk}
        page = f"/admin/authoring/skill/{one.pk}/change/"
        assert operator.post(page, form | {"invocation_name": "tiny"}).status_code == 302
    page = f"/admin/authoring/catalog/{catalog.pk}/change/"
    assert operator.post(page, {"name": "Crusts", "owner": bob.pk}).status_code == 302
    assert operator.post(address, {"post": "yes"}).status_code == 302
    assert not type(owner).objects.filter(pk=owner.pk).exists()
    assert set(Skill.with_binned.filter(owner=bob)) == {skill, binned}
    assert list(bob.catalogs.all()) == [catalog]
    told = skill.changes.first().differences[0]
    assert (told["kind"], told["name"], told["before"]) == ("handed over to", "bob", "alice")


def test_a_catalog_is_neither_made_nor_deleted_there(operator: Client, skill: Skill) -> None:
    catalog = create_catalog(skill.owner, "Crusts")
    assert "Crusts" in operator.get("/admin/authoring/catalog/").text
    assert operator.get("/admin/authoring/catalog/add/").status_code == 403
    assert operator.get(f"/admin/authoring/catalog/{catalog.pk}/delete/").status_code == 403


def test_developers_have_no_business_there(
    skill: Skill, browser_of: Callable[[Any], Client]
) -> None:
    response = browser_of(skill.owner).get("/admin/authoring/skill/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")
