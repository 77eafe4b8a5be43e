"""The report on real interaction models is made by sending them through the running application."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.alexa_models import Api, locale_of, try_file, unchanged
from benchmarks.alexa_report import report, row
from tests.running_app import RunningApp

pytestmark = [pytest.mark.e2e, pytest.mark.database, pytest.mark.timeout(300)]


@pytest.fixture
def client(app: RunningApp, developer_token: str) -> Api:
    return Api(app.url, developer_token)


def test_a_good_file_goes_all_the_way(client: Api, tmp_path: Path, tiny_document: Any) -> None:
    file = tmp_path / "tiny__ar-SA.json"
    file.write_text(json.dumps(tiny_document))
    outcome = try_file(client, file)
    assert (outcome.accepted, outcome.unchanged, outcome.build) == (True, True, "ready")
    assert outcome.locale == "ar-SA"
    assert "this locale" in outcome.notes[0]
    assert outcome.counts["custom_intents"] == 2
    assert outcome.parsed > 3
    assert outcome.neural is not None
    assert outcome.neural > 0.8
    assert row(outcome, outcome.notes) in list(report([outcome]))
    assert client.expect(200, "GET", "/skills")["results"] == []


def test_a_bad_file_is_refused_by_rule_and_path(
    client: Api, tmp_path: Path, tiny_document: Any
) -> None:
    tiny_document["interactionModel"]["languageModel"]["intents"][1]["samples"] = ["open {door}"]
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(tiny_document))
    outcome = try_file(client, file)
    assert not outcome.accepted
    place = "$.interactionModel.languageModel.intents[1].samples[0]"
    assert f"refused: undeclared-slot at `{place}`" in row(outcome)


def test_unchanged_is_strict(tiny_document: Any) -> None:
    other = json.loads(json.dumps(tiny_document))
    assert unchanged(tiny_document, other)
    other["interactionModel"]["languageModel"]["intents"].reverse()
    assert not unchanged(tiny_document, other)


def test_locales_come_from_file_names() -> None:
    assert locale_of("a__b__fr-CA__2.json") == "fr-CA"
    assert locale_of("a__und.json") == "en-US"
