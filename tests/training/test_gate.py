"""What annotation sets have to say of a new version: it waits, goes live, or is held back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from nlu_engine.annotations import Answer, annotation
from skillbuilder.authoring import annotation_sets as sets
from skillbuilder.authoring.editing import add_samples
from skillbuilder.authoring.models import AnnotationSet, Skill
from skillbuilder.training import evaluations, gate, runs, storage, tasks
from skillbuilder.training.models import Evaluation, TrainingRun
from skillbuilder.training.runs import latest_ready_run
from skillbuilder.training.state import build_state

Gate = TrainingRun.Gate


@pytest.fixture
def half_right(skill: Skill) -> AnnotationSet:
    """Return a set of which the parsers have one of two right."""
    return sets.create_set(
        skill,
        "Customers",
        [
            annotation("are you open", [Answer("OpeningHours")]),
            annotation("when do you open", [Answer("MoonIntent")]),
        ],
    )


@pytest.fixture
def build_again(skill: Skill, trained_artifact: Path) -> Callable[[str], TrainingRun]:
    """Return a function that adds a sample and builds, without the wait for the training."""

    def build(sample: str) -> TrainingRun:
        add_samples(skill.intents.get(name="OpeningHours"), [sample])
        runs.request_run(skill)
        run = runs.claim_next()
        assert run is not None
        storage.publish(run.pk, lambda directory: shutil.copytree(trained_artifact, directory))
        assert runs.finish(run, notes=[], metrics={})
        gate.begin(run)
        run.refresh_from_db()
        return run

    return build


def set_threshold(annotation_set: AnnotationSet, threshold: float | None) -> None:
    AnnotationSet.objects.filter(pk=annotation_set.pk).update(threshold=threshold)


def evaluate_all() -> None:
    for evaluation in Evaluation.objects.filter(status="queued"):
        tasks.evaluate_run(str(evaluation.pk))


def test_a_version_below_the_threshold_is_held_back(
    skill: Skill,
    ready_run: TrainingRun,
    half_right: AnnotationSet,
    build_again: Callable[[str], TrainingRun],
    browser_of: Callable[[Any], Client],
    alice: Any,
    sent_messages: Callable[[], list[Path]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    set_threshold(half_right, 0.8)
    new = build_again("tell me your hours")
    assert new.gate == Gate.PENDING
    assert latest_ready_run(skill) == ready_run, "nothing goes live before it is evaluated"
    assert build_state(skill).kind == "judged"
    evaluate_all()
    new.refresh_from_db()
    assert new.gate == Gate.HELD
    assert "On Customers DNN has a frame accuracy of 50.0%, below the 80.0%" in new.gate_reason
    assert latest_ready_run(skill) == ready_run
    assert build_state(skill).kind == "held"
    browser = browser_of(alice)
    page = browser.get(reverse("skill-build", args=[skill.slug])).text
    assert "New version held back" in page and "below the 80.0%" in page

    # Who lowers the threshold and builds again has it judged again, not built again.
    set_threshold(half_right, 0.4)
    with django_capture_on_commit_callbacks(execute=True):
        again, created = runs.request_run(skill)
    assert (again.pk, created) == (new.pk, False)
    assert json.loads(sent_messages()[-1].read_text())["headers"]["task"] == runs.JUDGE_TASK
    tasks.judge_run(str(new.pk))
    new.refresh_from_db()
    assert (new.gate, new.gate_reason) == (Gate.OPEN, "")
    assert latest_ready_run(skill) == new


def test_someone_may_let_it_go_live_anyway(
    skill: Skill,
    ready_run: TrainingRun,
    half_right: AnnotationSet,
    build_again: Callable[[str], TrainingRun],
    browser_of: Callable[[Any], Client],
    alice: Any,
    bob: Any,
) -> None:
    set_threshold(half_right, 0.8)
    new = build_again("tell me your hours")
    evaluate_all()
    address = reverse("run-release", args=[new.pk])
    skill.memberships.create(user=bob, user_name="bob", role="viewer")
    assert browser_of(bob).post(address).status_code == 403
    assert latest_ready_run(skill) == ready_run
    browser_of(alice).post(address)
    assert latest_ready_run(skill) == new


def test_without_a_threshold_a_build_goes_live_and_tells_what_it_changed(
    skill: Skill,
    ready_run: TrainingRun,
    half_right: AnnotationSet,
    build_again: Callable[[str], TrainingRun],
    browser_of: Callable[[Any], Client],
    alice: Any,
) -> None:
    first, _ = evaluations.request_evaluation(ready_run, half_right)
    evaluate_all()
    # As if the version before had had one wrong, and read a slot into the other.
    one, two = first.rows.all()
    first.rows.filter(pk=one.pk).update(neural_right=False)
    slot = {"name": "size", "start": 0, "end": 4}
    first.rows.filter(pk=two.pk).update(neural=two.neural | {"slots": [slot]})
    new = build_again("tell me your hours")
    assert new.gate == Gate.OPEN and latest_ready_run(skill) == new
    evaluate_all()
    second = evaluations.newest_on(new, half_right)
    assert second and second.previous == first
    assert list(second.rows.values_list("neural_change", "maxent_crf_change")) == [
        ("fixed", ""),
        ("changed", ""),
    ]
    page = browser_of(alice).get(reverse("evaluation", args=[second.pk]), {"show": "fixed"}).text
    assert "Since <a" in page and "version 1</a>" in page and "1 fixed" in page
    assert "Failed.</span>" not in page
    assert "are you open" in page


def test_a_failed_evaluation_shuts_the_gate_and_a_lost_one_is_begun_again(
    skill: Skill,
    ready_run: TrainingRun,
    half_right: AnnotationSet,
    build_again: Callable[[str], TrainingRun],
) -> None:
    set_threshold(half_right, 0.1)
    new = build_again("tell me your hours")
    Evaluation.objects.all().delete()
    gate.resume()
    assert Evaluation.objects.get().run == new
    storage.discard(new.pk)
    evaluate_all()
    new.refresh_from_db()
    assert new.gate == Gate.HELD and "could not be evaluated on Customers" in new.gate_reason
    gate.resume()
    assert Evaluation.objects.count() == 1
    assert latest_ready_run(skill) == ready_run


@pytest.mark.parametrize(("count", "serves"), [(19, "neural"), (20, "maxent_crf")])
def test_the_parser_that_has_more_right_serves(
    skill: Skill,
    ready_run: TrainingRun,
    half_right: AnnotationSet,
    api: APIClient,
    count: int,
    serves: str,
) -> None:
    def measures(right: int) -> dict[str, Any]:
        return {"count": count, "right": right, "frame_accuracy": right / count}

    Evaluation.objects.create(
        skill=skill,
        run=ready_run,
        tier=ready_run.tier,
        annotation_set=half_right,
        status="ready",
        metrics={"neural": measures(10), "maxent_crf": measures(12)},
    )
    gate.decide(ready_run)
    ready_run.refresh_from_db()
    assert ready_run.serves == serves
    assert ("MaxEnt-CRF has 12 right, the DNN 10" in ready_run.serves_reason) == (count == 20)
    answer = api.post(f"/api/v1/skills/{skill.slug}/parse", {"utterance": "are you open"})
    assert answer.json()["serves"] == serves
