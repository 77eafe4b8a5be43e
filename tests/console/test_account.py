"""Sign-in, sign-out, API tokens, and the pages for what goes wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken

from skillbuilder.authoring.models import Skill

PASSWORD = "correct horse battery"


def test_sign_in_leads_to_the_page_that_was_asked_for(alice: Any, skill: Skill) -> None:
    client = Client()
    asked = reverse("skill-detail", args=[skill.slug])
    sign_in = client.get(asked)["Location"]
    assert b"Sign in to see that page." in client.get(sign_in).content
    form = {"username": "alice", "password": PASSWORD, "next": asked}
    assert client.post("/login", form)["Location"] == asked


def test_a_wrong_password_is_told(alice: Any) -> None:
    answer = Client().post("/login", {"username": "alice", "password": "wrong"})
    assert b"Please enter a correct username and password" in answer.content


def test_sign_in_never_leads_elsewhere(alice: Any) -> None:
    form = {"username": "alice", "password": PASSWORD, "next": "https://evil.example/"}
    assert Client().post("/login", form)["Location"] == "/"


def test_many_wrong_passwords_lock_the_account(alice: Any, settings: Any) -> None:
    client = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = client.post("/login", {"username": "alice", "password": "wrong"})
    assert answer.status_code == 429
    assert b"Too many attempts to sign in" in answer.content
    right = client.post("/login", {"username": "alice", "password": PASSWORD})
    assert right.status_code == 429


def test_no_spelling_of_the_name_gets_more_attempts(alice: Any, settings: Any) -> None:
    client = Client()
    spellings = ["alice", " alice", "\N{FULLWIDTH LATIN SMALL LETTER A}lice", "alice\t"]
    for number in range(settings.AXES_FAILURE_LIMIT):
        client.post("/login", {"username": spellings[number % 4], "password": "wrong"})
    assert client.post("/login", {"username": "alice", "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize("username", ["x" * 100_000, "\x00", "<script>", "' OR 1=1 --"])
def test_a_name_that_no_account_has_is_refused(db: None, username: str) -> None:
    answer = Client().post("/login", {"username": username, "password": "wrong"})
    assert answer.status_code == 200
    assert b"<script>" not in answer.content
    assert all(len(attempt.username) <= 150 for attempt in AccessAttempt.objects.all())


def test_sign_out(browser: Client) -> None:
    assert browser.post("/logout")["Location"] == "/login"
    assert browser.get("/").status_code == 302


def test_a_token_is_made_shown_once_and_works(browser: Client, alice: Any) -> None:
    assert b"No tokens yet" in browser.get("/tokens").content
    answer = browser.post("/tokens")
    token = re.search(r"skb_[0-9a-f]{64}", answer.content.decode())
    assert token is not None
    assert token.group() not in browser.get("/tokens").content.decode()
    assert "no-store" in answer["Cache-Control"]
    listed = Client().get("/api/v1/skills", HTTP_AUTHORIZATION=f"Token {token.group()}")
    assert listed.status_code == 200


def test_a_revoked_token_is_refused(browser: Client, alice: Any) -> None:
    instance, token = AuthToken.objects.create(alice)
    browser.post(reverse("token-revoke", args=[instance.digest]))
    refused = Client().get("/api/v1/skills", HTTP_AUTHORIZATION=f"Token {token}")
    assert refused.status_code == 401


def test_there_is_an_end_to_tokens(browser: Client, alice: Any) -> None:
    for _ in range(50):
        AuthToken.objects.create(alice)
    assert browser.post("/tokens").status_code == 422
    assert AuthToken.objects.filter(user=alice).count() == 50


def test_an_unknown_address_is_a_friendly_404(browser: Client) -> None:
    answer = browser.get("/nowhere")
    assert answer.status_code == 404
    assert b"There is nothing here" in answer.content


@pytest.mark.parametrize("page", ["400", "403", "403_csrf", "404", "413", "500", "503"])
def test_error_pages_need_nothing_to_be_shown(page: str) -> None:
    shown = render_to_string(f"{page}.html")
    assert "To my skills" in shown
    assert "Traceback" not in shown


def test_a_form_of_another_session_is_refused_with_a_friendly_page(alice: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post("/tokens")
    assert answer.status_code == 403
    assert b"This page was open for too long" in answer.content


def test_the_console_key_is_mine_to_choose_or_turn_off(
    alice: Any, bob: Any, skill: Skill, browser_of: Any
) -> None:
    browser, address = browser_of(alice), reverse("account-settings")
    page = reverse("skill-detail", args=[skill.slug])
    assert 'data-console-key="t"' in browser.get(page).text
    browser.post(address, {"single_keys": "on", "console_key": "K"})
    shown = browser.get(page).text
    assert 'data-console-key="k"' in shown and "<kbd>K</kbd>" in shown
    assert browser.post(address, {"single_keys": "on", "console_key": "?"}).status_code == 422
    browser.post(address, {"console_key": "k"})
    assert 'data-console-key=""' in browser.get(page).text
    assert "Single keys are off" in browser.get(page).text
    # Somebody else's key is theirs, and who is not signed in has none.
    assert 'data-console-key="t"' in browser_of(bob).get("/").text
    assert Client().post(address, {}).status_code == 302
