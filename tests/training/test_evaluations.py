"""Evaluations: their life, what is measured, and the pages and files that show it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from nlu_engine.annotations import Answer, ExpectedSlot, annotation
from nlu_engine.frames import Frame, Parse, RankedIntent, SlotSpan
from nlu_engine.parsers import Recognition, SkillParser
from nlu_engine.resolution import Resolver
from nlu_engine.utterances import Token
from skillbuilder.authoring import annotation_sets as sets
from skillbuilder.authoring.models import AnnotationSet, Skill
from skillbuilder.training import evaluations, leases, runs, storage, tasks
from skillbuilder.training.evaluation import judged, parsed
from skillbuilder.training.models import Evaluation, TrainingRun

Status = Evaluation.Status
BIG = ExpectedSlot("size", "big")


@pytest.fixture
def annotation_set(skill: Skill) -> AnnotationSet:
    """Return a set of which the last one fails: nobody asks for the moon."""
    return sets.create_set(
        skill,
        "Customers",
        [
            annotation("i want a big pizza", [Answer("OrderPizza", (BIG,))]),
            annotation(
                "order a huge pizza", [Answer("OrderPizza", (ExpectedSlot("size", "large"),))]
            ),
            annotation("are you open", [Answer("Nonsense"), Answer("OpeningHours")]),
            annotation("when do you open \x01 <&", [Answer("MoonIntent", (BIG,))]),
        ],
    )


@pytest.fixture
def evaluated(ready_run: TrainingRun, annotation_set: AnnotationSet) -> Evaluation:
    """Return an evaluation that the task has done."""
    evaluation, created = evaluations.request_evaluation(ready_run, annotation_set)
    assert created
    tasks.evaluate_run(str(evaluation.pk))
    evaluation.refresh_from_db()
    assert evaluation.status == Status.READY, evaluation.error_message
    return evaluation


def test_measures_and_rows_of_both_parsers(
    evaluated: Evaluation, ready_run: TrainingRun, annotation_set: AnnotationSet
) -> None:
    for parser in ("neural", "maxent_crf"):
        measures = evaluated.metrics[parser]
        assert (measures["count"], measures["right"]) == (4, 3)
        assert measures["frame_accuracy"] == 0.75
        assert measures["confusions"] == [
            {"expected": "MoonIntent", "actual": "OpeningHours", "count": 1}
        ]
        assert len(measures["thresholds"]) == 21
    first, resolved, several, wrong = evaluated.rows.all()
    assert first.neural_right and first.maxent_crf_right and not first.nearest
    assert resolved.neural_right, "huge is large, by its value"
    assert several.neural_right, "one of two accepted answers"
    assert not wrong.neural_right
    assert wrong.nearest == {"intent": "OpeningHours", "text": "when do you open"}
    assert wrong.annotation_pk == annotation_set.annotations.last().pk  # type: ignore[union-attr]

    again, created = evaluations.request_evaluation(ready_run, annotation_set)
    assert (again, created) == (evaluated, False)
    sets.add_annotation(annotation_set, annotation("new", [Answer("A")]))
    changed, created = evaluations.request_evaluation(ready_run, annotation_set)
    assert created and changed != evaluated
    assert evaluations.latest(annotation_set) == changed


class Days:
    """Takes every utterance for a day."""

    def recognize(self, utterances: Sequence[Sequence[Token]]) -> list[Recognition]:
        """Return a slot over all tokens of each."""
        intent = (RankedIntent("Book", 1.0),)
        tags = [("B-day", *["I-day"] * (len(tokens) - 1)) for tokens in utterances]
        return [Recognition(intent, of, (1.0,)) for of in tags]


def test_tomorrow_is_that_of_the_annotation() -> None:
    resolver = Resolver({}, {"day": "AMAZON.DATE"}, "en-US")
    parser = SkillParser(Days(), exact={}, resolver=resolver)
    said = [("tomorrow", "2019-08-21"), ("today", "2026-01-31T09:00:00Z"), ("tomorrow", "")]
    said += [("today", "2019-08-21")]
    expected = [annotation(text, [Answer("Book", ())], moment) for text, moment in said]
    parses = parsed(parser, expected, 0.0, lambda step, share: None)
    assert [parse.utterance for parse in parses] == [text for text, _ in said]
    values = [parse.frame.slots[0].value for parse in parses]
    assert values[:2] + values[3:] == ["2019-08-22", "2026-01-31", "2019-08-21"]
    assert values[2] > "2026"


def test_nothing_is_evaluated_of_nothing(skill: Skill, ready_run: TrainingRun) -> None:
    empty = sets.create_set(skill, "Empty")
    with pytest.raises(evaluations.NothingToEvaluate, match="is empty"):
        evaluations.request_evaluation(ready_run, empty)
    TrainingRun.objects.update(status="cancelled")
    ready_run.refresh_from_db()
    with pytest.raises(evaluations.NothingToEvaluate, match="not ready"):
        evaluations.request_evaluation(ready_run, empty)


def test_a_lost_worker_and_a_late_one(
    ready_run: TrainingRun,
    annotation_set: AnnotationSet,
    sent_messages: Callable[[], list[Path]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        evaluation, _ = evaluations.request_evaluation(ready_run, annotation_set)
    [message] = sent_messages()
    assert json.loads(message.read_text())["headers"]["task"] == evaluations.EVALUATE_TASK
    undead = evaluations.claim(evaluation.pk)
    assert undead and evaluations.claim(evaluation.pk) is None, "claimed once"
    past = timezone.now() - timedelta(seconds=1)
    Evaluation.objects.update(lease_expires_at=past)
    assert evaluations.requeue_lost() == 1
    heir = evaluations.claim(evaluation.pk)
    assert heir and heir.attempts == 2
    assert not evaluations.finish(undead, [], metrics={"whose": "undead"})
    assert not leases.fail(undead, "x", "y")
    assert evaluations.finish(heir, [], metrics={"whose": "heir"})
    assert Evaluation.objects.get().metrics == {"whose": "heir"}


def test_what_cannot_be_done_fails_with_the_reason(
    ready_run: TrainingRun, annotation_set: AnnotationSet, browser_of: Any, alice: Any
) -> None:
    evaluation, _ = evaluations.request_evaluation(ready_run, annotation_set)
    storage.discard(ready_run.pk)
    tasks.evaluate_run(str(evaluation.pk))
    evaluation.refresh_from_db()
    assert (evaluation.status, evaluation.error_code) == (Status.FAILED, "artifact_missing")
    page = browser_of(alice).get(reverse("evaluation", args=[evaluation.pk])).text
    assert "The evaluation failed" in page
    second, created = evaluations.request_evaluation(ready_run, annotation_set)
    assert created and leases.cancel(second)
    tasks.evaluate_run(str(second.pk))
    second.refresh_from_db()
    assert second.status == Status.CANCELLED


def test_of_old_evaluations_the_rows_are_forgotten(
    evaluated: Evaluation, ready_run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluations, "WITH_ROWS", 1)
    assert evaluated.annotation_set
    sets.add_annotation(evaluated.annotation_set, annotation("new", [Answer("A")]))
    newer, _ = evaluations.request_evaluation(ready_run, evaluated.annotation_set)
    tasks.evaluate_run(str(newer.pk))
    assert (evaluated.rows.count(), newer.rows.count()) == (0, 5)


def test_the_page_of_results(evaluated: Evaluation, alice: Any, browser_of: Any) -> None:
    browser: Client = browser_of(alice)
    address = reverse("evaluation", args=[evaluated.pk])
    page = browser.get(address).text
    assert "1 of 4 failed" in page and page.index("MoonIntent") < page.index("i want a")
    assert "strict spans" in page and "tokens" in page
    assert "sample of <bdi>OpeningHours" in page
    failing = browser.get(address, {"show": "failing", "parser": "maxent_crf"}).text
    assert "1 of 4 failed" in failing and "i want a" not in failing
    none = browser.get(address, {"expected": "OrderPizza", "actual": "OpeningHours"}).text
    assert "No row is like that" in none
    # The piece that watched it asks once more when it is over: the whole page is new then.
    answer = browser.get(address, headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"
    listed = browser.get(reverse("annotation-set-list", args=[evaluated.skill.slug])).text
    assert "75.0 %" in listed
    # Nothing has changed, so it is not done again.
    start = reverse("evaluation-start", args=[evaluated.skill.slug, evaluated.annotation_set_id])
    assert browser.post(start)["Location"] == address


def read(answer: Any) -> str:
    """Return what a streamed ``answer`` holds."""
    return str(answer.getvalue().decode())


def test_results_as_files(evaluated: Evaluation, alice: Any, browser_of: Any) -> None:
    export = reverse("evaluation-export", args=[evaluated.pk])
    browser: Client = browser_of(alice)
    rows = list(csv.DictReader(io.StringIO(read(browser.get(export, {"format": "csv"})))))
    assert [row["status"] for row in rows] == ["FAILED", "PASSED", "PASSED", "PASSED"]
    assert rows[1]["actual"] == "i want a {big|size} pizza"
    document = json.loads(read(browser.get(export, {"format": "json", "parser": "maxent_crf"})))
    assert document["totalFailed"] == 1 and len(document["testCases"]) == 4
    suite = ElementTree.fromstring(read(browser.get(export, {"format": "xml"})))  # noqa: S314
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")
    [failure] = suite.iter("failure")
    assert "expected MoonIntent" in (failure.text or "")
    assert "\ufffd <&" in str(suite[0].get("name"))


NDJSON = "application/x-ndjson"


def test_a_large_file_of_annotations_goes_up_at_once(
    skill: Skill, api: APIClient, settings: Any
) -> None:
    made = sets.create_set(skill, "Large")
    address = f"/api/v1/skills/{skill.slug}/annotation-sets/{made.pk}/annotations"
    lines = [json.dumps({"text": f"{n}{'x' * 900}", "intent": "X"}) for n in range(2_400)]
    body = "\n".join(lines).encode()
    assert len(body) > settings.MAX_BODY_BYTES
    stored = api.generic("PUT", address, body, content_type=NDJSON)
    assert stored.json() == {"annotations": 2_400}
    settings.MAX_ANNOTATIONS_BODY_BYTES = 1_000
    refused = api.generic("POST", address, body, content_type=NDJSON)
    assert refused.status_code == 413 and "in parts" in refused.json()["message"]
    assert api.put(address).json()["problems"][0]["code"] == "empty-document"


def test_what_was_refused_or_rejected_is_told(
    skill: Skill, alice: Any, browser_of: Any, annotation_set: AnnotationSet
) -> None:
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    runs.finish(run, notes=[], metrics={})
    run.refresh_from_db()
    evaluation = evaluations.claim(evaluations.request_evaluation(run, annotation_set)[0].pk)
    assert evaluation is not None
    expected = sets.expected_in(annotation_set)[:2]
    big = SlotSpan("size", 9, 12, "big")
    refused = Parse(expected[0].utterance, Frame("OrderPizza"), 0.9, refused=(big,))
    others = (RankedIntent("OrderPizza", 0.4),)
    fallback = Frame("AMAZON.FallbackIntent")
    rejected = Parse(expected[1].utterance, fallback, 0.8, others, out_of_scope=0.8)
    parses = {name: [refused, rejected] for name in ("neural", "maxent_crf")}
    metrics, rows = judged(evaluation, [None, None], expected, parses)
    evaluations.finish(evaluation, rows, metrics=metrics)
    browser: Client = browser_of(alice)
    page = unescape(browser.get(reverse("evaluation", args=[evaluation.pk])).text)
    assert '<bdi dir="auto">big</bdi>: its slot type is closed' in page
    assert "as out of scope (80.0 %); the likeliest intent was <bdi>OrderPizza" in page
    export = reverse("evaluation-export", args=[evaluation.pk])
    rows_of = list(csv.DictReader(io.StringIO(read(browser.get(export)))))
    assert [row["refused"] for row in rows_of] == ["size=big", ""]
    assert rows_of[1]["out of scope"] == "0.8"


def test_programs_upload_evaluate_and_read(
    ready_run: TrainingRun, api: APIClient, api_for: Any, bob: Any
) -> None:
    skill = ready_run.skill
    address = f"/api/v1/skills/{skill.slug}/annotation-sets"
    made = api.post(address, {"name": "CI"})
    assert made.status_code == 201
    assert api.post(address, {"name": "ci"}).json()["code"] == "name_taken"
    one = made.headers["Location"]
    assert api.post(f"{one}/evaluations").json()["code"] == "nothing_to_evaluate"
    document = {
        "data": [{"inputs": {"utterance": "are you open"}, "expected": [{"intent": {"name": "X"}}]}]
    }
    refused = api.put(f"{one}/annotations", {"data": [{}]})
    assert refused.status_code == 400
    assert refused.json()["problems"][0]["path"] == "$.data[0].inputs"
    assert api.put(f"{one}/annotations", document).json() == {"annotations": 1}
    more = b"utterance,intent\nare you open,X\na {big|size} one,OrderPizza\n"
    added = api.generic("POST", f"{one}/annotations", more, content_type="text/csv")
    assert added.json() == {"annotations": 2, "added": 1, "known": 1}
    wrong = api.generic("POST", f"{one}/annotations", b'{"text": 1}\n', content_type=NDJSON)
    assert wrong.json()["problems"][0]["path"] == "line 1", "nothing is stored of that"
    assert api.put(f"{one}/annotations", document).json() == {"annotations": 1}
    back = api.get(f"{one}/annotations").json()
    assert back["data"][0]["inputs"] == {"utterance": "are you open"}
    assert api.get(address).json()[0]["annotations"] == 1

    started = api.post(f"{one}/evaluations", {"run": str(ready_run.pk)})
    assert started.status_code == 202 and started.json()["status"] == "queued"
    tasks.evaluate_run(started.json()["id"])
    done = api.get(started.headers["Location"]).json()
    assert done["metrics"]["neural"]["frame_accuracy"] == 0
    junit = api.get(f"{started.headers['Location']}/results", {"as": "junit"})
    assert junit.headers["Content-Type"].startswith("application/xml")
    assert 'failures="1"' in read(junit)
    assert api.get(f"{started.headers['Location']}/results", {"as": "x"}).status_code == 400
    assert len(api.get(f"{one}/evaluations").json()) == 1
    unknown = api.post(f"{one}/evaluations", {"run": "00000000-0000-0000-0000-000000000000"})
    assert unknown.status_code == 400
    skill.memberships.create(user=bob, user_name="bob", role="viewer")
    viewer = api_for(bob)
    assert viewer.get(f"{one}/annotations").status_code == 200
    assert viewer.put(f"{one}/annotations", document).status_code == 403
    assert viewer.post(f"{one}/evaluations").status_code == 403
    assert api.delete(one).status_code == 204
    # Deleted, the results are gone with the set, though both may come back.
    assert api.get(started.headers["Location"]).status_code == 404


def test_spaces_count_in_the_length_of_a_name(skill: Skill, api: APIClient) -> None:
    address = f"/api/v1/skills/{skill.slug}/annotation-sets"
    refused = api.post(address, {"name": " " + "x" * 120})
    assert refused.json()["problems"][0]["code"] == "max_length"
    assert api.post(address, {"name": " " + "x" * 119}).json()["name"] == "x" * 119
