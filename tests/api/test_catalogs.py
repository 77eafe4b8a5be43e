"""Catalogs by the API: made, filled in versions, used by slot types, deleted."""

from __future__ import annotations

from typing import Any

from rest_framework.test import APIClient

from skillbuilder.authoring.models import Catalog, Membership, Skill

CATALOGS = "/api/v1/catalogs"
LINK = "/api/v1/skills/tiny-kitchen/slot-types/Size/catalog"


def upload(api: APIClient, key: str, text: str, query: str = "", **headers: str) -> Any:
    path = f"{CATALOGS}/{key}/versions{query}"
    return api.post(path, text, content_type="text/csv", **headers)


def made(api: APIClient, name: str = "Sizes") -> str:
    answer = api.post(CATALOGS, {"name": name}, format="json")
    assert answer.status_code == 201, answer.json()
    assert answer.headers["Location"].endswith(answer.json()["id"])
    return str(answer.json()["id"])


def test_from_the_first_version_to_the_end(api: APIClient, skill: Skill) -> None:
    key = made(api)
    assert api.post(CATALOGS, {"name": "Sizes"}, format="json").status_code == 409
    dry = upload(api, key, "small,S\nlarge", "?dry_run=1")
    assert dry.json() == {"stored": False, "number": 1, "values": 2, "followers": 0}
    assert upload(api, key, "small,S\nlarge", "?note=first").status_code == 201
    bad = upload(api, key, "small\nsmall")
    assert bad.json()["problems"][0]["path"] == "line 2"
    assert api.get(LINK).status_code == 204
    link = api.put(LINK, {"catalog": key, "newest": True}, format="json").json()
    assert link == {"catalog": key, "version": 1, "newest": True} == api.get(LINK).json()
    assert api.get(f"{CATALOGS}/{key}").json()["skills"] == 1
    second = upload(api, key, "small\nlarge\nmedium", HTTP_IF_MATCH='"1"')
    assert second.json()["followers"] == 1
    stale = upload(api, key, "tiny", HTTP_IF_MATCH='"1"')
    assert stale.status_code == 412
    assert api.get(LINK).json()["version"] == 2
    assert skill.slot_types.get().values.count() == 3
    versions = api.get(f"{CATALOGS}/{key}/versions")
    assert versions.headers["ETag"] == '"2"'
    assert [(one["number"], one["values"], one["note"]) for one in versions.json()] == [
        (2, 3, ""),
        (1, 2, "first"),
    ]
    values = api.get(f"{CATALOGS}/{key}/versions/1/values", HTTP_ACCEPT="text/csv")
    assert values.text.splitlines() == ["value,id,synonyms", "small,S", "large,"]
    refused = api.put(LINK.replace("/catalog", "/values"), "tiny", content_type="text/csv")
    assert refused.status_code == 409
    assert "come from a catalog" in refused.json()["message"]
    assert api.put(LINK, {"catalog": key, "version": 1}, format="json").json()["version"] == 1
    wrong = api.put(LINK, {"catalog": key, "version": 9}, format="json").json()
    assert wrong["problems"][0]["path"] == "$.version"
    renamed = api.patch(f"{CATALOGS}/{key}", {"name": "Extents"}, format="json").json()
    assert renamed["name"] == "Extents"
    assert api.delete(LINK).status_code == 204
    assert api.get(LINK).status_code == 204
    assert api.delete(f"{CATALOGS}/{key}").status_code == 204
    assert not Catalog.objects.exists()
    assert skill.slot_types.get().values.count() == 2


def test_an_upload_tells_of_a_catalog_that_is_unknown(
    api: APIClient, skill: Skill, tiny_document: dict[str, Any]
) -> None:
    types = tiny_document["interactionModel"]["languageModel"]["types"]
    supplier = {"type": "CatalogValueSupplier", "valueCatalog": {"catalogId": "amzn1.x"}}
    types[0]["valueSupplier"] = supplier
    path = "/api/v1/skills/tiny-kitchen/interaction-model"
    answer = api.put(path, tiny_document, format="json").json()
    assert "unknown-catalog" in {problem["code"] for problem in answer["problems"]}
    assert api.get(path).json() == tiny_document
    # One that is known gives its values, and the digest is that of what is stored then.
    key = made(api)
    upload(api, key, "tiny\nhuge")
    types[0] = {"name": "Size", "skillbuilder": {"catalog": {"id": key, "newest": True}}}
    answer = api.put(path, tiny_document, format="json").json()
    stored = api.get(path)
    assert stored.headers["ETag"] == f'"{answer["digest"]}"'
    (listed,) = stored.json()["interactionModel"]["languageModel"]["types"]
    assert [value["name"]["value"] for value in listed["values"]] == ["tiny", "huge"]
    assert listed["skillbuilder"]["catalog"]["version"] == 1


def test_others_see_a_catalog_in_a_skill_and_change_none(
    api: APIClient, api_for: Any, bob: Any, skill: Skill
) -> None:
    key = made(api)
    upload(api, key, "small")
    bobs = api_for(bob)
    assert bobs.get(f"{CATALOGS}/{key}").status_code == 404
    assert bobs.get(CATALOGS).json()["results"] == []
    api.put(LINK, {"catalog": key}, format="json")
    Membership.objects.create(skill=skill, user=bob, user_name="bob", role="editor")
    assert bobs.get(f"{CATALOGS}/{key}").json()["owner"] == "alice"
    assert bobs.delete(f"{CATALOGS}/{key}").status_code == 403
    assert upload(bobs, key, "stolen").status_code == 403
    assert bobs.patch(f"{CATALOGS}/{key}", {"name": "x"}, format="json").status_code == 403
    assert bobs.delete(LINK).status_code == 204  # The slot type is the skill's, which he edits.
    assert bobs.get(f"{CATALOGS}/{key}").status_code == 404
