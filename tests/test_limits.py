"""What no request may send, whatever its address."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from skillbuilder.authoring.models import Skill


@pytest.mark.parametrize("charset", ["base64", "utf-16", "idna", "zip", "latin-1"])
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_form_in_another_charset_is_refused(
    charset: str, kind: str, alice: Any, browser_of: Any
) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\r\n--x--\r\n'
    address, content_type = "/skills/new", f"{kind}; charset={charset}"
    for client in (Client(), browser_of(alice)):
        answer = client.generic("POST", address, body, content_type=content_type)
        assert answer.status_code == 415
        assert "could not be read" in answer.content.decode()
    assert not Skill.objects.exists()


def test_json_in_another_charset_is_refused(api: APIClient) -> None:
    body = '{"name": "x"}'.encode("utf-16")
    content_type = "application/json; charset=utf-16"
    answer = api.generic("POST", "/api/v1/skills", body, content_type=content_type)
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_charset"


@pytest.mark.parametrize("charset", ["", "; charset=UTF-8", "; charset=utf8", "; charset=no-such"])
def test_utf_8_is_read_under_all_its_names(api: APIClient, charset: str) -> None:
    body = '{"name": "Küche"}'.encode()
    answer = api.generic("POST", "/api/v1/skills", body, content_type=f"application/json{charset}")
    assert answer.status_code == 201
    assert Skill.objects.get().name == "Küche"


def test_an_empty_form_is_refused(alice: Any, browser_of: Any) -> None:
    answer = browser_of(alice).post("/skills/new")
    assert answer.status_code == 422
    assert not Skill.objects.exists()
