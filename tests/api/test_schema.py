"""The OpenAPI document: complete, true, and readable in a browser under our CSP."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.exceptions import ValidationError
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS

from skillbuilder.api import urls
from skillbuilder.api.serializers import NAME_PATTERN
from skillbuilder.authoring.skills import check_name
from skillbuilder.training.models import TrainingRun
from skillbuilder.wsgi import application


def make_schema() -> dict[str, Any]:
    """Return the OpenAPI document."""
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return document


def test_the_document_is_valid_and_complete() -> None:
    document = make_schema()
    validate_schema(document)
    described = {
        (path, method) for path, methods in document["paths"].items() for method in methods
    }
    wanted = {
        (path_of(pattern), method)
        for pattern in urls.v1
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(pattern.callback.view_class, method)  # type: ignore[attr-defined]
    }
    assert described == wanted


def path_of(pattern: Any) -> str:
    """Return the path template of a URL pattern as OpenAPI writes it."""
    route = str(pattern.pattern)
    for name in pattern.pattern.converters:
        route = route.replace(f"<slug:{name}>", f"{{{name}}}").replace(
            f"<uuid:{name}>", f"{{{name}}}"
        )
        route = route.replace(f"<int:{name}>", f"{{{name}}}")
        route = route.replace(f"<str:{name}>", f"{{{name}}}")
    return f"/api/v1/{route}"


def test_the_document_is_made_without_a_warning() -> None:
    command = [sys.executable, "manage.py", "spectacular", "--validate", "--fail-on-warn"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def test_the_document_refuses_the_names_that_the_api_refuses() -> None:
    pattern = re.compile(NAME_PATTERN)
    for code in (code for code in range(0x10000) if not 0xD800 <= code <= 0xDFFF):
        for name in (chr(code), f"a{chr(code)}b"):
            assert bool(pattern.search(name)) == is_taken(name), f"U+{code:04X}"


def is_taken(name: str) -> bool:
    """Return whether a skill may have this name."""
    try:
        check_name(name)
    except ValidationError:
        return False
    return True


def test_everyone_may_read_the_document(db: None) -> None:
    response = Client().get("/api/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json")
    assert response.status_code == 200
    assert json.loads(response.content)["paths"].keys() == make_schema()["paths"].keys()


def test_the_documentation_page_has_no_inline_script_or_style(db: None) -> None:
    response = Client().get("/api/docs/")
    assert response.status_code == 200
    assert "<style" not in response.text
    assert " style=" not in response.text
    assert all(" src=" in script for script in response.text.split("<script")[1:])
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    script = Client().get("/api/docs/?script=")
    assert script.headers["Content-Type"].startswith("application/javascript")


# --- Whatever the document allows, the API answers as the document says ---------------------


described = schemathesis.openapi.from_dict(make_schema())
described.app = application


@pytest.fixture
def open_transaction(db: None) -> Iterator[None]:
    """Let requests run in this test's transaction, which Django would drop at each of them."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@described.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_what_the_document_says(
    case: schemathesis.Case, open_transaction: None, ready_run: TrainingRun, token: str
) -> None:
    # Invented slugs and ids would meet nothing but 404.
    known = {"slug": ready_run.skill.slug, "run_id": str(ready_run.pk)}
    for name in known.keys() & (case.path_parameters or {}).keys():
        case.path_parameters[name] = known[name]
    means_it = ("/interaction-model", "/parse", "/explain", "/dialogue", "/annotation-sets")
    semantic = case.operation.path.endswith(means_it)
    case.call_and_validate(
        headers={"Authorization": f"Token {token}"},
        # No JSON schema tells Alexa's rules, or that an utterance is more than spaces.
        excluded_checks=[CHECKS.get_one("positive_data_acceptance")] if semantic else [],
    )
