"""Values of a slot type as CSV, for programs: errors by line, a dry run, ETags."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from skillbuilder.authoring.models import Membership, Skill

VALUES = "/api/v1/skills/tiny-kitchen/slot-types/Size/values"


def put(api: APIClient, text: str, query: str = "", **headers: str) -> Any:
    return api.put(VALUES + query, text, content_type="text/csv", **headers)


def content(skill: Skill) -> list[tuple[str, list[str], str]]:
    rows = skill.slot_types.get(name="Size").values.all()
    return [(row.value, row.synonyms, row.value_id) for row in rows]


def test_the_slot_types_are_listed(api: APIClient, skill: Skill) -> None:
    skill.slot_types.create(name="AMAZON.Color", position=9)
    found = api.get("/api/v1/skills/tiny-kitchen/slot-types").json()
    assert [(one["name"], one["values"]) for one in found] == [("Size", 2), ("AMAZON.Color", 0)]


@pytest.mark.parametrize("accept", ["text/csv", "application/json", "*/*"])
def test_what_is_downloaded_can_be_uploaded(api: APIClient, skill: Skill, accept: str) -> None:
    got = api.get(VALUES, HTTP_ACCEPT=accept)
    assert got.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert got.text.splitlines() == ["value,id,synonyms", "small,S,little", "large,L,big,huge"]
    assert api.get(VALUES, HTTP_IF_NONE_MATCH=got.headers["ETag"]).status_code == 304
    before = content(skill)
    answer = put(api, got.text, HTTP_IF_MATCH=got.headers["ETag"])
    assert answer.status_code == 200, answer.json()
    assert answer.headers["ETag"] == got.headers["ETag"]
    assert answer.json() == {
        "stored": True,
        "digest": got.headers["ETag"].strip('"'),
        "values": 2,
        "added": 0,
        "changed": 0,
        "renamed": 0,
        "removed": 0,
    }
    assert content(skill) == before


def test_a_list_replaces_or_is_added(api: APIClient, skill: Skill) -> None:
    dry = put(api, "tiny;;wee\nsmall;;mini", "?mode=add&dry_run=1").json()
    assert (dry["stored"], dry["values"], dry["added"], dry["changed"]) == (False, 3, 1, 1)
    assert len(content(skill)) == 2
    added = put(api, "tiny;;wee\nsmall;;mini", "?mode=add").json()
    assert added == dry | {"stored": True}
    assert content(skill)[0] == ("small", ["little", "mini"], "S")
    replaced = put(api, "tiny,T\n").json()
    assert (replaced["values"], replaced["removed"]) == (1, 2)
    assert content(skill) == [("tiny", [], "T")]
    assert skill.changes.count() == 2


def test_every_wrong_line_is_named_and_nothing_stored(api: APIClient, skill: Skill) -> None:
    before = content(skill)
    answer = put(api, f"small\nsmall\n,X\n{'y' * 141}\n")
    assert answer.status_code == 400
    problems = answer.json()["problems"]
    assert [(one["path"], one["code"]) for one in problems] == [
        ("line 2", "duplicate-value"),
        ("line 3", "empty-value"),
        ("line 4", "long-value"),
    ]
    assert put(api, "").json()["problems"][0]["code"] == "no-values"
    assert put(api, "tiny", "?mode=both").json()["problems"][0]["path"] == "$.mode"
    assert content(skill) == before


def test_a_lost_update_is_refused(api: APIClient, skill: Skill) -> None:
    seen = api.get(VALUES).headers["ETag"]
    skill.slot_types.get(name="Size").values.create(value="medium", position=9)
    answer = put(api, "tiny", HTTP_IF_MATCH=seen)
    assert answer.status_code == 412
    assert answer.json()["message"].startswith("The values have changed")
    assert len(content(skill)) == 3
    now = api.get(VALUES).headers["ETag"]
    assert put(api, "tiny", HTTP_IF_MATCH=f'"x", {now}').status_code == 200


def test_json_is_refused_with_what_is_wanted(api: APIClient, skill: Skill) -> None:
    answer = api.put(VALUES, {"values": []}, format="json")
    assert answer.status_code == 415
    assert "Send CSV with Content-Type: text/csv" in answer.json()["message"]


def test_a_viewer_reads_and_writes_nothing(
    api_for: Any, bob: Any, charlie: Any, skill: Skill
) -> None:
    Membership.objects.create(skill=skill, user=bob, user_name="bob", role="viewer")
    assert api_for(bob).get(VALUES).status_code == 200
    assert put(api_for(bob), "stolen").status_code == 403
    assert api_for(charlie).get(VALUES).status_code == 404
    assert put(api_for(charlie), "stolen").status_code == 404
    assert len(content(skill)) == 2


def test_an_unknown_slot_type_is_404(api: APIClient, skill: Skill) -> None:
    assert api.get(VALUES.replace("Size", "Colour")).status_code == 404
