"""Skills over REST."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.skills import create_skill
from skillbuilder.training.models import TrainingRun


def test_a_skill_is_made(api: APIClient, alice: Any) -> None:
    response = api.post("/api/v1/skills", {"name": "Pizza Time", "locale": "de-DE"})
    assert response.status_code == 201
    body = response.json()
    assert (body["name"], body["slug"], body["locale"]) == ("Pizza Time", "pizza-time", "de-DE")
    assert response.headers["Location"] == "http://testserver/api/v1/skills/pizza-time"
    assert Skill.objects.get().owner == alice
    assert api.get(response.headers["Location"]).json() == body


def test_slug_and_locale_may_be_given_or_not(api: APIClient) -> None:
    first = api.post("/api/v1/skills", {"name": "A", "slug": "my-own"}).json()
    assert (first["slug"], first["locale"]) == ("my-own", "en-US")


def test_a_taken_slug_is_409(api: APIClient, skill: Skill) -> None:
    response = api.post("/api/v1/skills", {"name": "B", "slug": skill.slug})
    assert response.status_code == 409
    assert response.json()["code"] == "slug_taken"
    assert skill.slug in response.json()["message"]
    assert Skill.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.name"),
        ({"name": ""}, "$.name"),
        ({"name": "   "}, "$.name"),
        ({"name": 5}, "$.name"),
        ({"name": None}, "$.name"),
        ({"name": ["x"]}, "$.name"),
        ({"name": "x" * 121}, "$.name"),
        ({"name": "x", "slug": "a b"}, "$.slug"),
        ({"name": "x", "slug": ""}, "$.slug"),
        ({"name": "x", "slug": 7}, "$.slug"),
        ({"name": "x", "slug": "../x"}, "$.slug"),
        ({"name": "x", "slug": "x" * 101}, "$.slug"),
        ({"name": "x", "locale": "xx-XX"}, "$.locale"),
        ({"name": "x", "locale": {}}, "$.locale"),
        ({"name": "x", "owner": "bob"}, "$.owner"),
        ([], "$"),
        ("text", "$"),
        (3, "$"),
    ],
)
def test_a_wrong_body_is_400_with_its_path_and_makes_nothing(
    api: APIClient, body: Any, path: str
) -> None:
    response = api.post("/api/v1/skills", body, format="json")
    assert response.status_code == 400, response.text
    assert path in [problem["path"] for problem in response.json()["problems"]]
    assert response.json()["message"]
    assert not Skill.objects.exists()


def test_null_is_no_skill(api: APIClient) -> None:
    response = api.post("/api/v1/skills", b"null", content_type="application/json")
    assert response.status_code == 400
    assert response.json()["problems"]


def test_a_skill_is_renamed_but_keeps_its_slug(api: APIClient, skill: Skill) -> None:
    response = api.patch(f"/api/v1/skills/{skill.slug}", {"name": "Kitchen", "locale": "en-GB"})
    assert response.status_code == 200
    body = response.json()
    assert (body["name"], body["locale"], body["slug"]) == ("Kitchen", "en-GB", "tiny-kitchen")
    assert body["revision"] == skill.revision + 1
    refused = api.patch(f"/api/v1/skills/{skill.slug}", {"slug": "other"})
    assert refused.status_code == 400
    assert refused.json()["problems"][0]["path"] == "$.slug"


def test_a_deleted_skill_is_gone_and_from_the_bin_its_runs_too(
    api: APIClient, skill: Skill, ready_run: TrainingRun
) -> None:
    assert api.delete(f"/api/v1/skills/{skill.slug}").status_code == 204
    assert api.get(f"/api/v1/skills/{skill.slug}").status_code == 404
    assert api.delete(f"/api/v1/bin/{skill.slug}").status_code == 204
    assert not TrainingRun.objects.exists()


def test_lists_come_in_pages_that_lose_nothing(api: APIClient, alice: Any) -> None:
    for number in range(7):
        create_skill(alice, name=f"Skill {number}", locale="en-US")
    address, names = "/api/v1/skills?page_size=3", []
    pages = 0
    while address:
        page = api.get(address).json()
        assert set(page) == {"next", "previous", "results"}
        names += [found["name"] for found in page["results"]]
        address, pages = page["next"], pages + 1
    assert names == [f"Skill {number}" for number in range(6, -1, -1)]
    assert pages == 3
    assert api.get("/api/v1/skills?cursor=nonsense").status_code == 404
