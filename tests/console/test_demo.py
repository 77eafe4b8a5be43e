"""The demo account, its token and its skills are made once and then kept."""

from __future__ import annotations

import stat
from dataclasses import replace

import pytest
from rest_framework.test import APIClient

from nlu_engine.frames import Frame, Parse, SlotSpan
from nlu_engine.parsers import ParsePair
from skillbuilder.authoring.models import Intent, Skill
from skillbuilder.authoring.skills import create_skill
from skillbuilder.console import demo
from skillbuilder.training.runs import request_run
from skillbuilder.training.tried import texts


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR = tmp_path


@pytest.fixture
def user(db):
    return demo.demo_account()[0]


def test_the_account_is_made_once_with_a_password_of_its_own(db):
    user, password = demo.demo_account()

    assert user.check_password(password)
    assert not user.is_staff
    assert demo.demo_account() == (user, password)
    assert demo.password_file().read_text() == f"{password}\n"
    assert stat.S_IMODE(demo.password_file().stat().st_mode) == 0o600


def test_a_lost_password_is_replaced(db):
    _, first = demo.demo_account()
    demo.password_file().unlink()
    user, second = demo.demo_account()

    assert second != first
    assert user.check_password(second)


def test_the_token_opens_the_api_and_is_kept(user):
    token = demo.demo_token(user)
    client = APIClient(headers={"Authorization": f"Token {token}"})

    assert client.get("/api/v1/skills").status_code == 200
    assert demo.demo_token(user) == token
    assert demo.token_file().read_text() == f"{token}\n"
    assert stat.S_IMODE(demo.token_file().stat().st_mode) == 0o600


def test_a_revoked_token_is_replaced(user):
    first = demo.demo_token(user)
    user.auth_token_set.all().delete()

    assert demo.demo_token(user) != first
    assert user.auth_token_set.count() == 1


def test_sample_skills_are_imported_once_and_edits_are_kept(user):
    imported = demo.import_sample_skills(user)
    Intent.objects.filter(skill=imported[0]).delete()

    assert imported[0].annotation_sets.get().annotations.count() == 40
    assert [skill.slug for skill in imported] == ["pizza-ordering", "trip-planning", "smart-lights"]
    assert demo.import_sample_skills(user) == []
    assert demo.first_skill(user) == imported[0]
    assert not imported[0].intents.exists()
    assert Skill.objects.count() == 3


def test_a_sample_skill_never_takes_the_place_of_someone_elses(user, charlie):
    create_skill(charlie, name="Mine", locale="en-US", slug="pizza-ordering")

    assert len(demo.import_sample_skills(user)) == 2
    assert demo.first_skill(user) is None


def test_two_parses_stand_side_by_side():
    neural = Parse(
        "two giant pies",
        Frame("Order", (SlotSpan("count", 0, 3, "two", "2"), SlotSpan("size", 4, 9, "giant"))),
        0.987,
    )
    baseline = replace(neural, frame=Frame("Cancel"), confidence=0.5)
    pair = ParsePair(neural.utterance, neural, baseline, 3.14159, 0.5)

    assert demo.side_by_side(pair).splitlines() == [
        "         DNN           MaxEnt-CRF",
        "intent   Order (99%)   Cancel (50%)",
        "count    two = 2       -",
        "size     giant         -",
        "time     3.1 ms        0.5 ms",
    ]


def test_the_console_has_something_to_look_at_from_the_beginning(user, monkeypatch):
    [skill, *_] = demo.import_sample_skills(user)
    run, _ = request_run(skill)
    parse = Parse("", Frame("OrderPizzaIntent"), 0.9)
    monkeypatch.setattr(
        demo, "parse", lambda _, text: (run, ParsePair(text, parse, parse, 1.0, 1.0))
    )
    demo.try_utterances(user, skill)

    assert texts(skill, user)[0] == demo.FIRST_UTTERANCE
    assert len(texts(skill, user)) == len(demo.MORE_UTTERANCES) + 1
    skill.tried_utterances.exclude(text="hold the onions").delete()
    demo.try_utterances(user, skill)
    assert texts(skill, user) == ["hold the onions"], "what somebody tried is left alone"
