"""One shape for every error, and a row for every class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from nlu_engine.errors import EngineError
from skillbuilder.api import errors
from skillbuilder.authoring.models import Skill
from skillbuilder.training import artifacts
from skillbuilder.training.models import TrainingRun


def family(base: type[Exception]) -> Iterator[type[Exception]]:
    """Yield ``base`` and all classes below it; those that begin with "_" are never raised."""
    if not base.__name__.startswith("_"):
        yield base
    for child in base.__subclasses__():
        yield from family(child)


def test_every_error_of_the_engine_has_a_status() -> None:
    missing = [error.__name__ for error in family(EngineError) if error not in errors.STATUS]
    assert missing == []


def test_codes_are_unique() -> None:
    codes = [errors.code_of(error("x")) for error in PLAIN]
    assert len(codes) == len(set(codes))


PLAIN = [error for error in family(EngineError) if "Invalid" not in error.__name__]


@pytest.mark.parametrize("error_class", PLAIN)
def test_errors_of_the_engine_become_our_shape(
    api: APIClient,
    ready_run: TrainingRun,
    monkeypatch: pytest.MonkeyPatch,
    error_class: type[EngineError],
) -> None:
    def fail(*_: Any) -> None:
        raise error_class("the reason")

    monkeypatch.setattr(artifacts, "parse_by", fail)
    response = api.post(f"/api/v1/skills/{ready_run.skill.slug}/parse", {"utterance": "x"})
    assert response.status_code == errors.STATUS[error_class]
    assert response.json() == {
        "code": errors.code_of(error_class("")),
        "message": "the reason",
        "problems": [],
    }


def test_a_bug_of_ours_is_500_without_details(
    api: APIClient, ready_run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(artifacts, "parse_by", fail)
    api.raise_request_exception = False
    response = api.post(f"/api/v1/skills/{ready_run.skill.slug}/parse", {"utterance": "x"})
    assert response.status_code == 500
    assert response.json()["code"] == "internal"
    assert "secret" not in response.text


@pytest.mark.parametrize(
    ("method", "address", "status", "code"),
    [
        ("get", "/api/v1/nothing", 404, "not_found"),
        ("get", "/api/v1/skills/", 404, "not_found"),
        ("get", "/api/v1/skills/no-such-skill", 404, "not_found"),
        ("get", "/api/v1/skills/%00", 404, "not_found"),
        ("get", "/api/v1/skills/a%2Fb", 404, "not_found"),
        ("delete", "/api/v1/skills", 405, "method_not_allowed"),
        ("put", "/api/v1/skills", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there_is_said_in_the_same_shape(
    api: APIClient, method: str, address: str, status: int, code: str
) -> None:
    response = getattr(api, method)(address)
    assert response.status_code == status
    assert response.json()["code"] == code
    assert response.json()["problems"] == []


def test_a_host_that_is_not_ours_is_400_in_the_same_shape(api: APIClient) -> None:
    response = api.get("/api/v1/skills", HTTP_HOST="evil.example")
    assert response.status_code == 400
    assert response.json()["code"] == "bad_request"


@pytest.mark.parametrize(
    ("body", "path", "value"),
    [
        ({}, "$.name", None),
        ({"name": 17}, "$.name", 17),
        ({"name": "x" * 200}, "$.name", "x" * 159 + "…"),
        ({"name": "\u200b\u202e"}, "$.name", "\u200b\u202e"),
        ({"name": "a\nb\x07"}, "$.name", "a\nb\x07"),
        ({"name": "x", "locale": {"a": 1}}, "$.locale", '{"a": 1}'),
        ({"name": "x", "slug": "a b"}, "$.slug", "a b"),
        ({"name": "x", "no such": [1]}, '$["no such"]', "[1]"),
    ],
)
def test_a_wrong_field_is_told_with_path_value_and_fix(
    api: APIClient, body: Any, path: str, value: Any
) -> None:
    response = api.post("/api/v1/skills", body)
    assert response.status_code == 400
    [problem] = response.json()["problems"]
    assert (problem["path"], problem["value"]) == (path, value)
    assert problem["fix"]
    assert not Skill.objects.exists()


def test_what_is_wrong_in_an_address_is_told_with_its_value(api: APIClient) -> None:
    [problem] = api.get("/api/v1/skills?page_size=-1").json()["problems"]
    assert (problem["path"], problem["value"]) == ("$.page_size", "-1")


def test_a_flood_of_unknown_fields_is_answered_briefly(api: APIClient) -> None:
    response = api.post("/api/v1/skills", {f"field{number}": 1 for number in range(50_000)})
    assert response.status_code == 400
    assert len(response.json()["problems"]) == 500


# "p=x", "p=%00" and "p=2026-99-99", each as a cursor writes it.
@pytest.mark.parametrize("cursor", ["x", "cD14", "cD0lMDA=", "cD0yMDI2LTk5LTk5"])
def test_a_cursor_that_is_none_is_404(api: APIClient, skill: Skill, cursor: str) -> None:
    for address in ("/api/v1/skills", f"/api/v1/skills/{skill.slug}/training-runs"):
        response = api.get(address, {"cursor": cursor})
        assert response.status_code == 404
        assert response.json()["message"] == "Invalid cursor"
