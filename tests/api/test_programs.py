"""What makes a parse cheap takes nothing away: who may ask, how often, and what is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from knox.models import AuthToken
from rest_framework.test import APIClient

from skillbuilder.api.throttling import UserThrottle
from skillbuilder.authoring.bin import put_away
from skillbuilder.authoring.models import Membership, Skill
from skillbuilder.training import gate
from skillbuilder.training.models import TrainingRun

UTTERANCE = {"utterance": "order a big pizza"}


@pytest.fixture
def parse(ready_run: TrainingRun) -> str:
    """Return the address that parses with the built skill."""
    return f"/api/v1/skills/{ready_run.skill.slug}/parse"


@pytest.fixture
def viewer(ready_run: TrainingRun, bob: Any) -> Membership:
    """Return bob's membership: he may look and test."""
    return ready_run.skill.memberships.create(user=bob, user_name="bob", role="viewer")


def test_whoever_is_no_longer_in_is_refused_at_once(
    api_for: Callable[[Any], APIClient], viewer: Membership, bob: Any, parse: str
) -> None:
    his = api_for(bob)
    assert his.post(parse, UTTERANCE).status_code == 200
    viewer.delete()
    assert his.post(parse, UTTERANCE).status_code == 404
    AuthToken.objects.filter(user=bob).delete()
    assert his.post(parse, UTTERANCE).status_code == 401


def test_an_account_that_is_shut_parses_no_more(api: APIClient, alice: Any, parse: str) -> None:
    assert api.post(parse, UTTERANCE).status_code == 200
    alice.is_active = False
    alice.save()
    assert api.post(parse, UTTERANCE).status_code == 401


def test_what_is_in_the_bin_does_not_parse(api: APIClient, skill: Skill, parse: str) -> None:
    put_away(skill)
    assert api.post(parse, UTTERANCE).status_code == 404


def test_what_is_held_back_does_not_parse(
    api: APIClient, ready_run: TrainingRun, parse: str
) -> None:
    TrainingRun.objects.filter(pk=ready_run.pk).update(gate=gate.Gate.HELD)
    assert api.post(parse, UTTERANCE).json()["code"] == "not_trained"


def test_a_token_that_is_like_another_is_refused(
    client: Client, token: str, alice: Any, parse: str
) -> None:
    sent = {"Authorization": f"Token {token[:-1]}{'0' if token[-1] != '0' else '1'}"}
    answer = client.post(parse, UTTERANCE, content_type="application/json", headers=sent)
    assert answer.status_code == 401


def test_who_is_signed_in_parses_without_a_token(
    browser_of: Callable[[Any], Client], alice: Any, charlie: Any, parse: str
) -> None:
    for user, status in ((alice, 200), (charlie, 404)):
        answer = browser_of(user).post(parse, UTTERANCE, content_type="application/json")
        assert answer.status_code == status


def test_a_session_counts_for_nothing_beside_a_token(
    browser_of: Callable[[Any], Client], alice: Any, parse: str
) -> None:
    answer = browser_of(alice).post(
        parse, UTTERANCE, content_type="application/json", headers={"Authorization": "Basic eDp5"}
    )
    assert answer.status_code == 401


def test_other_formats_are_refused_as_before(api: APIClient, parse: str) -> None:
    assert api.post(parse, UTTERANCE, headers={"Accept": "text/html"}).status_code == 406
    assert api.post(f"{parse}?format=xml", UTTERANCE).status_code == 404
    assert api.post(parse, "x", content_type="text/plain").status_code == 415


# --- How often ----------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let throttles read the time from the list's only item, and allow four calls a minute."""
    cache.clear()
    now = [60_000.0]
    monkeypatch.setattr(UserThrottle, "timer", lambda self: now[0])
    monkeypatch.setattr(UserThrottle, "THROTTLE_RATES", {"user": "4/min"})
    return now


def test_calls_are_limited_by_the_minute(api: APIClient, clock: list[float], db: None) -> None:
    def statuses(count: int) -> list[int]:
        return [api.get("/api/v1/skills").status_code for _ in range(count)]

    assert statuses(6) == [200] * 4 + [429] * 2
    # Of the calls of the minute before, half count half a minute later; refused ones never did.
    clock[0] += 90
    assert statuses(3) == [200, 200, 429]
    clock[0] += 600
    assert statuses(5) == [200] * 4 + [429]


def test_one_who_waits_as_told_is_let_in(api: APIClient, clock: list[float], db: None) -> None:
    def refused() -> Any:
        while True:
            answer = api.get("/api/v1/skills")
            if answer.status_code == 429:
                return answer

    for later in (0.0, 25.0, 70.0):
        clock[0] += later
        wait = int(refused().headers["Retry-After"])
        assert 0 < wait <= 120
        clock[0] += wait - 2
        assert api.get("/api/v1/skills").status_code == 429
        clock[0] += 2
        assert api.get("/api/v1/skills").status_code == 200


def test_users_are_counted_apart(
    api_for: Callable[[Any], APIClient], alice: Any, bob: Any, clock: list[float]
) -> None:
    for user in (alice, bob):
        assert [api_for(user).get("/api/v1/skills").status_code for _ in range(5)][-2:] == [
            200,
            429,
        ]
