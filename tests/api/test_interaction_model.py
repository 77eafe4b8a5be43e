"""The interaction model over REST: up, down, guarded, and refused without a trace."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from skillbuilder.api.views import EXAMPLE
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill


@pytest.fixture
def address(skill: Skill) -> str:
    """Return the address of the interaction model of alice's skill."""
    return f"/api/v1/skills/{skill.slug}/interaction-model"


def intents_of(document: Any) -> Any:
    """Return the intents in ``document``."""
    return document["interactionModel"]["languageModel"]["intents"]


def test_down_up_and_down_again_is_the_same(
    api: APIClient, address: str, tiny_document: Any
) -> None:
    first = api.get(address)
    assert first.json() == tiny_document
    put = api.put(address, first.json())
    assert put.status_code == 200
    again = api.get(address)
    assert again.json() == tiny_document
    assert again.headers["ETag"] == first.headers["ETag"] == put.headers["ETag"]
    assert put.json() == {
        "stored": True,
        "digest": first.headers["ETag"].strip('"'),
        "counts": {
            "intents": 3,
            "custom_intents": 2,
            "slots": 1,
            "samples": 6,
            "slot_types": 1,
            "slot_values": 2,
        },
        "problems": list(put.json()["problems"]),
    }
    assert {problem["severity"] for problem in put.json()["problems"]} <= {"warning"}


def test_unknown_keys_and_order_survive(api: APIClient, address: str, tiny_document: Any) -> None:
    tiny_document["version"] = "12"
    tiny_document["interactionModel"]["_x"] = {"deep": [1, None, {"y": "ü🍕"}]}
    intents_of(tiny_document)[0]["note"] = "first"
    intents_of(tiny_document).reverse()
    assert api.put(address, tiny_document).status_code == 200
    assert api.get(address).json() == tiny_document


def test_an_unchanged_document_is_304(api: APIClient, address: str) -> None:
    tag = api.get(address).headers["ETag"]
    assert api.get(address, HTTP_IF_NONE_MATCH=tag).status_code == 304
    assert api.get(address, HTTP_IF_NONE_MATCH=f"W/{tag}").status_code == 304
    assert api.get(address, HTTP_IF_NONE_MATCH='"other"').status_code == 200


def test_a_change_that_someone_made_meanwhile_is_not_overwritten(
    api: APIClient, address: str, skill: Skill, tiny_document: Any
) -> None:
    tag = api.get(address).headers["ETag"]
    mine, theirs = deepcopy(tiny_document), deepcopy(tiny_document)
    intents_of(theirs)[1]["samples"].append("opening times please")
    intents_of(mine)[1]["samples"].append("tell me your hours")
    assert api.put(address, theirs, HTTP_IF_MATCH=tag).status_code == 200
    refused = api.put(address, mine, HTTP_IF_MATCH=tag)
    assert refused.status_code == 412
    assert refused.json()["code"] == "precondition_failed"
    current = api.get(address)
    assert current.headers["ETag"] in refused.json()["message"]
    assert current.json() == theirs
    assert api.put(address, mine, HTTP_IF_MATCH=current.headers["ETag"]).status_code == 200
    assert api.get(address).json() == mine


@pytest.mark.parametrize("header", ["*", 'W/{tag}, "other"', "{tag}"])
def test_if_match_in_its_other_forms(
    api: APIClient, address: str, tiny_document: Any, header: str
) -> None:
    tag = api.get(address).headers["ETag"]
    response = api.put(address, tiny_document, HTTP_IF_MATCH=header.format(tag=tag))
    assert response.status_code == 200


def test_a_dry_run_reports_and_stores_nothing(
    api: APIClient, address: str, skill: Skill, tiny_document: Any
) -> None:
    before = export_interaction_model(skill)
    intents_of(tiny_document)[1]["samples"].append("opening times please")
    intents_of(tiny_document)[1]["name"] = "Hours"
    response = api.put(f"{address}?dry_run=1", tiny_document)
    assert response.status_code == 200
    assert response.json()["stored"] is False
    assert response.json()["counts"]["samples"] == 7
    told = [(one["kind"], one["what"], one["name"]) for one in response.json()["differences"]]
    assert told == [("renamed", "intent", "Hours"), ("added", "sample", "opening times please")]
    assert "ETag" not in response.headers
    fresh = Skill.objects.get(pk=skill.pk)
    assert (export_interaction_model(fresh), fresh.revision) == (before, skill.revision)


def test_a_dry_run_of_something_wrong_is_refused_as_the_upload_would_be(
    api: APIClient, address: str, tiny_document: Any
) -> None:
    intents_of(tiny_document)[0]["samples"].append("with {cheese}")
    dry, wet = (api.put(address + query, tiny_document) for query in ("?dry_run=1", ""))
    assert dry.status_code == wet.status_code == 400
    assert dry.json() == wet.json()


@pytest.mark.parametrize("value", ["2", "yes", "", "1%00"])
def test_dry_run_is_one_or_zero(
    api: APIClient, address: str, tiny_document: Any, value: str
) -> None:
    response = api.put(f"{address}?dry_run={value}", tiny_document)
    assert response.status_code == 400
    assert response.json()["problems"][0]["path"] == "$.dry_run"


def _spoil(document: Any, kind: str) -> Any:
    intents = intents_of(document)
    types = document["interactionModel"]["languageModel"]["types"]
    match kind:
        case "undeclared slot":
            intents[0]["samples"].append("with {cheese} please")
        case "unknown type":
            intents[0]["slots"][0]["type"] = "Sizes"
        case "two intents of one name":
            intents.append(deepcopy(intents[0]))
        case "two types of one name":
            types.append(deepcopy(types[0]))
        case "no intents":
            intents.clear()
        case "intents of a wrong type":
            document["interactionModel"]["languageModel"]["intents"] = {"a": 1}
        case "sample of a wrong type":
            intents[0]["samples"].append(5)
        case "name missing":
            del intents[0]["name"]
        case "NUL":
            intents[0]["samples"].append("with \x00")
        case "lone surrogate":
            intents[0]["samples"].append("with \ud800")
    return document


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("undeclared slot", "intents[0].samples[3]"),
        ("unknown type", "intents[0].slots[0].type"),
        ("two intents of one name", "intents[3]"),
        ("two types of one name", "types[1]"),
        ("no intents", "intents"),
        ("intents of a wrong type", "intents"),
        ("sample of a wrong type", "intents[0].samples[3]"),
        ("name missing", "intents[0]"),
        ("NUL", "intents[0].samples[3]"),
        ("lone surrogate", "intents[0].samples[3]"),
    ],
)
def test_a_wrong_document_is_400_with_path_and_fix_and_stores_nothing(
    api: APIClient, address: str, skill: Skill, tiny_document: Any, kind: str, place: str
) -> None:
    before = export_interaction_model(skill)
    raw = json.dumps(_spoil(tiny_document, kind))
    response = api.put(address, raw, content_type="application/json")
    assert response.status_code == 400, response.text
    body = response.json()
    assert body["code"] == "invalid_interaction_model"
    found = [problem for problem in body["problems"] if place in problem["path"]]
    assert found, body
    assert found[0]["message"]
    assert found[0]["fix"]
    fresh = Skill.objects.get(pk=skill.pk)
    assert (export_interaction_model(fresh), fresh.revision) == (before, skill.revision)


DEEP = b'{"intents": ' + b"[" * 100 + b"]" * 100 + b"}"


@pytest.mark.parametrize(
    ("raw", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff\xfe{}", "application/json", 400),
        (b'{"intents": [], "intents": []}', "application/json", 400),
        (b'{"intents": NaN}', "application/json", 400),
        (b'{"intents": 1e999}', "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"null", "application/json", 400),
        (DEEP, "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"intents": ' + b"9" * 10_000 + b"}", "application/json", 400),
        (b" " * 1_500_001, "application/json", 400),
        (b" " * 10_000_000, "application/json", 413),
        (b"{}", "text/plain", 415),
        (b"a=1", "application/x-www-form-urlencoded", 415),
        (b"<x/>", "application/xml", 415),
        (b"{}", "nonsense", 415),
    ],
)
def test_a_body_that_is_no_document_is_refused_and_stores_nothing(
    api: APIClient, address: str, skill: Skill, raw: bytes, content_type: str, status: int
) -> None:
    before = export_interaction_model(skill)
    response = api.put(address, raw, content_type=content_type)
    assert response.status_code == status, response.text
    assert set(response.json()) == {"code", "message", "problems"}
    assert response.json()["message"]
    assert export_interaction_model(Skill.objects.get(pk=skill.pk)) == before


def test_a_big_upload_to_a_page_is_413_in_words(alice: Any, browser_of: Any) -> None:
    client: Client = browser_of(alice)
    response = client.post("/skills/new", b"x" * 3_000_000, content_type="text/plain")
    assert response.status_code == 413
    assert "1,500,000" in response.text


def test_a_bearer_of_no_json_accept_still_gets_json(api: APIClient, address: str) -> None:
    assert api.get(address, HTTP_ACCEPT="text/html,*/*").json()
    assert api.get(address, HTTP_ACCEPT="text/html").status_code == 406


def test_the_example_of_the_documentation_is_accepted(api: APIClient, address: str) -> None:
    assert api.put(address, EXAMPLE).status_code == 200


def test_for_alexa_leaves_out_what_alexa_refuses(
    api: APIClient, skill: Skill, tiny_document: dict[str, Any]
) -> None:
    path = "/api/v1/skills/tiny-kitchen/interaction-model"
    plain = api.get(path).json()
    tiny_document["interactionModel"]["languageModel"]["types"][0]["skillbuilder"] = {
        "closed": True
    }
    stored = api.put(path, tiny_document, format="json")
    assert stored.status_code == 200, stored.json()
    assert api.get(path).json() == tiny_document
    alexa = api.get(f"{path}?for=alexa")
    assert alexa.json() == plain
    assert alexa.headers["ETag"] != stored.headers["ETag"]
    assert api.get(f"{path}?for=lex").status_code == 400
    bad = {"patterns": ["x", "[A-Z"]}
    tiny_document["interactionModel"]["languageModel"]["types"][0]["skillbuilder"] = bad
    (problem,) = api.put(path, tiny_document, format="json").json()["problems"]
    assert problem["code"] == "bad-pattern"
    assert problem["path"].endswith("types[0].skillbuilder.patterns[1]")
    assert api.get(path).headers["ETag"] == stored.headers["ETag"]
