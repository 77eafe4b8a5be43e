"""Building and parsing over REST."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from skillbuilder.api.serializers import TimestampField
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.skills import create_skill
from skillbuilder.training import artifacts, leases, runs
from skillbuilder.training.models import TrainingRun


@pytest.fixture
def builds(skill: Skill) -> str:
    """Return the address of the training runs of alice's skill."""
    return f"/api/v1/skills/{skill.slug}/training-runs"


@pytest.fixture
def parse(skill: Skill) -> str:
    """Return the address that parses with alice's skill."""
    return f"/api/v1/skills/{skill.slug}/parse"


def test_a_build_is_202_with_the_address_of_its_run(
    api: APIClient, builds: str, skill: Skill
) -> None:
    response = api.post(builds)
    assert response.status_code == 202
    run = response.json()
    assert (run["status"], run["skill"], run["seed"]) == ("queued", skill.slug, 0)
    assert response.headers["Location"] == f"http://testserver/api/v1/training-runs/{run['id']}"
    assert api.get(response.headers["Location"]).json() == run
    assert api.get(builds).json()["results"] == [run]


def test_the_same_content_is_the_same_run(api: APIClient, builds: str) -> None:
    first, again = api.post(builds, {}), api.post(builds, {"seed": 0})
    assert again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    other = api.post(builds, {"seed": 1})
    assert other.json()["id"] != first.json()["id"]
    assert api.get(first.headers["Location"]).json()["status"] == "cancelled"


@pytest.mark.parametrize(
    "body",
    [{"seed": -1}, {"seed": "1"}, {"seed": 1.5}, {"seed": True}, {"seed": 2**31}, {"x": 1}, []],
)
def test_a_wrong_seed_is_400(api: APIClient, builds: str, body: Any) -> None:
    assert api.post(builds, body).status_code == 400
    assert not TrainingRun.objects.exists()


def test_a_skill_that_breaks_a_rule_is_not_built(api: APIClient, alice: Any) -> None:
    empty = create_skill(alice, name="Empty", locale="en-US")
    response = api.post(f"/api/v1/skills/{empty.slug}/training-runs")
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_interaction_model"
    assert response.json()["problems"][0]["path"].startswith("$")
    assert not TrainingRun.objects.exists()


def test_a_failed_run_says_why(api: APIClient, skill: Skill) -> None:
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    leases.fail(run, "not_enough_data", "Intent 'A' has no usable utterance.")
    body = api.get(f"/api/v1/training-runs/{run.pk}").json()
    assert body["status"] == "failed"
    assert body["error"] == {
        "code": "not_enough_data",
        "message": "Intent 'A' has no usable utterance.",
    }


def test_a_run_tells_its_steps_its_place_and_its_log(api: APIClient, builds: str) -> None:
    run = api.post(builds).json()
    assert run["queue_position"] == 0
    assert [step["state"] for step in run["steps"]] == ["waiting"] * 6
    log = api.get(f"/api/v1/training-runs/{run['id']}/log").json()
    assert [(line["level"], line["step"]) for line in log] == [("info", "")]
    assert log[0]["text"].startswith("Requested")


def test_a_run_is_cancelled_and_stays_so(api: APIClient, builds: str) -> None:
    run = api.post(builds).json()
    cancel = f"/api/v1/training-runs/{run['id']}/cancel"
    for _ in range(2):
        response = api.post(cancel)
        assert response.status_code == 200
        assert response.json()["status"] == "cancelled"
        assert response.json()["finished_at"]


def test_a_run_that_is_ready_stays_ready(api: APIClient, ready_run: TrainingRun) -> None:
    response = api.post(f"/api/v1/training-runs/{ready_run.pk}/cancel")
    assert response.json()["status"] == "ready"


@pytest.mark.parametrize("run_id", [uuid.uuid4(), "5", "not-a-uuid"])
def test_a_run_that_is_not_there_is_404(api: APIClient, run_id: Any) -> None:
    assert api.get(f"/api/v1/training-runs/{run_id}").status_code == 404


def test_building_is_limited_and_reading_is_not(
    api: APIClient, builds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skillbuilder.api.throttling import BuildThrottle

    monkeypatch.setattr(BuildThrottle, "THROTTLE_RATES", {"builds": "2/min"})
    assert [api.post(builds).status_code for _ in range(3)] == [202, 202, 429]
    assert api.post(builds).headers["Retry-After"]
    assert api.post(builds).json()["code"] == "throttled"
    assert api.get(builds).status_code == 200


def test_a_parse_is_the_object_of_the_command_line(
    api: APIClient, parse: str, ready_run: TrainingRun
) -> None:
    utterance = "please bring me something huge to eat"
    response = api.post(parse, {"utterance": utterance})
    assert response.status_code == 200
    body = response.json()
    assert body.pop("serves") == "neural"
    assert body == artifacts.load_parsers(ready_run).parse(utterance).to_dict()
    assert list(body) == ["utterance", "neural", "maxent_crf"]
    for name in ("neural", "maxent_crf"):
        assert body[name]["intent"] == "OrderPizza"
        [slot] = body[name]["slots"]
        assert (slot["name"], slot["text"], slot["value"]) == ("size", "huge", "large")
        assert utterance[slot["start"] : slot["end"]] == "huge"
        assert (slot["id"], slot["status"]) == ("L", "ER_SUCCESS_MATCH")


def test_a_reference_keeps_its_offset() -> None:
    read = TimestampField().to_internal_value
    assert read("2026-11-24T23:00:00-05:00").isoformat() == "2026-11-24T23:00:00-05:00"
    assert read("2026-11-24T23:00").isoformat() == "2026-11-24T23:00:00+00:00"


def test_a_reference_that_is_no_moment_is_400(api: APIClient, parse: str) -> None:
    response = api.post(parse, {"utterance": "hello", "referenceTimestamp": "tomorrow"})
    assert response.status_code == 400
    assert "2026-11-24T09:00:00Z" in response.json()["problems"][0]["message"]


def test_a_parse_takes_one_query_for_owners_and_members(
    api: APIClient,
    bob: Any,
    api_for: Any,
    parse: str,
    ready_run: TrainingRun,
    django_assert_num_queries: Any,
) -> None:
    ready_run.skill.memberships.create(user=bob, user_name=bob.username, role="viewer")
    for client in (api, api_for(bob)):
        with django_assert_num_queries(1):
            assert client.post(parse, {"utterance": "order a big pizza"}).status_code == 200


def test_an_answer_is_explained(api: APIClient, parse: str, ready_run: TrainingRun) -> None:
    explain, body = parse.replace("/parse", "/explain"), {"utterance": "order a huge pizza"}
    found, parsed = api.post(explain, body).json(), api.post(parse, body).json()
    for name in ("neural", "maxent_crf"):
        for key in ("intent", "confidence", "out_of_scope"):
            assert found[name][key] == parsed[name][key]
        assert found[name]["sample"] == "order a {size} pizza"
        [hit] = found[name]["value_hits"]
        assert (hit["text"], hit["value"], hit["taken"]) == ("huge", "large", True)
        assert [token["tag"] for token in found[name]["tokens"]] == ["O", "O", "B-size", "O"]
    assert found["maxent_crf"]["intent_scores"]["rival"] == "OpeningHours"


@pytest.mark.parametrize("what", ["parse", "explain"])
def test_an_untrained_skill_is_409(api: APIClient, parse: str, what: str) -> None:
    response = api.post(parse.replace("/parse", f"/{what}"), {"utterance": "order a big pizza"})
    assert response.status_code == 409
    assert response.json()["code"] == "not_trained"


@pytest.mark.parametrize(
    "utterance",
    [
        "🍕🍕🍕",
        "اطلب بيتزا كبيرة",
        "ＢＩＧ　ｐｉｚｚａ",
        "?",
        "a" * 10_000,
        "big " * 2_500,
        "x\ny\tz",
    ],
)
def test_odd_utterances_parse(
    api: APIClient, parse: str, ready_run: TrainingRun, utterance: str
) -> None:
    response = api.post(parse, {"utterance": utterance})
    assert response.status_code == 200
    assert response.json()["utterance"] == utterance
    for name in ("neural", "maxent_crf"):
        assert 0 <= response.json()[name]["confidence"] <= 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"utterance": ""},
        {"utterance": "  \n "},
        {"utterance": None},
        {"utterance": 5},
        {"utterance": ["order"]},
        {"utterance": {"text": "order"}},
        {"utterance": "x" * 10_001},
        {"utterance": "x", "extra": 1},
        ["order"],
        "order",
    ],
)
def test_what_is_no_utterance_is_400(
    api: APIClient, parse: str, ready_run: TrainingRun, body: Any
) -> None:
    response = api.post(parse, body, format="json")
    assert response.status_code == 400
    assert response.json()["message"]


@pytest.mark.parametrize("raw", [rb'{"utterance": "\u0000"}', rb'{"utterance": "\ud800"}', b"{"])
def test_text_that_nobody_can_store_is_400(
    api: APIClient, parse: str, ready_run: TrainingRun, raw: bytes
) -> None:
    response = api.post(parse, raw, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_document"
