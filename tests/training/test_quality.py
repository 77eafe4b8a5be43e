"""Quality without a test set, measured by the task and shown by the pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from nlu_engine import quality
from skillbuilder.authoring.editing import add_samples
from skillbuilder.authoring.models import Skill
from skillbuilder.training import evaluations, runs, tasks
from skillbuilder.training.models import Evaluation, TrainingRun

Status, Kind = Evaluation.Status, Evaluation.Kind
MORE = {
    "OrderPizza": ["get me a {size} pizza", "a {size} pizza please", "could i have a {size} one"],
    "OpeningHours": ["until when are you open", "what time do you close", "opening times"],
}


# The lease is renewed on a connection of its own.
@pytest.mark.django_db(transaction=True)
def test_folds_are_measured_and_give_way_to_builds(
    skill: Skill, alice: Any, browser_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How well they learn is not what this is about.
    monkeypatch.setattr(quality, "SHORTER", 0)
    monkeypatch.setattr(quality, "LEAST_STEPS", 15)
    for name, samples in MORE.items():
        add_samples(skill.intents.get(name=name), samples)
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    runs.finish(run, notes=[], metrics={})
    browser: Client = browser_of(alice)
    overview = browser.get(reverse("skill-detail", args=[skill.slug])).text
    assert "each without a third of the samples" in overview and "takes about" not in overview
    TrainingRun.objects.filter(pk=run.pk).update(metrics={"quality_seconds": {"folds": 130.0}})
    overview = browser.get(reverse("skill-detail", args=[skill.slug])).text
    assert "about 2 min 10 s" in overview, "what the build reckoned"
    address = browser.post(reverse("quality-start", args=[skill.slug]), {"kind": "folds"})
    folds = Evaluation.objects.get()
    assert address["Location"] == reverse("evaluation", args=[folds.pk])
    assert evaluations.request_quality(run, Kind.FOLDS) == (folds, False)

    waiting = TrainingRun.objects.create(
        skill=skill, snapshot={}, status="queued", digest="", locale="en-US"
    )
    tasks.evaluate_run(str(folds.pk))
    folds.refresh_from_db()
    assert (folds.status, folds.attempts) == (Status.QUEUED, 0), "the build comes first"
    waiting.delete()

    tasks.evaluate_run(str(folds.pk))
    folds.refresh_from_db()
    assert folds.status == Status.READY, folds.error_message
    measures = folds.metrics["neural"]
    assert measures["count"] == folds.rows.count() == 12, "each sample once"
    low, high = measures["interval"]
    assert low < measures["frame_accuracy"] <= high
    page = browser.get(address["Location"]).text
    assert "Samples held back on version" in page and "Learn as a sample" not in page
    overview = browser.get(reverse("skill-detail", args=[skill.slug])).text
    assert "in 12 samples" in overview
    took = evaluations.expected_seconds(run, Kind.FOLDS)
    assert took == pytest.approx(folds.metrics["seconds"]), "as long as it really took"
    calibration = browser.get(reverse("evaluation-calibration", args=[folds.pk])).text
    assert "data-chart" in calibration and "no AMAZON.FallbackIntent" in calibration


def test_too_few_samples_are_told_and_a_newer_version_takes_over(skill: Skill) -> None:
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    runs.finish(run, notes=[], metrics={})
    curve, _ = evaluations.request_quality(run, Kind.CURVE)
    tasks.evaluate_run(str(curve.pk))
    curve.refresh_from_db()
    assert (curve.status, curve.error_code) == (Status.FAILED, "not_enough_data")
    assert "Write more" in curve.error_message
    old, _ = evaluations.request_quality(run, Kind.FOLDS)
    newer = TrainingRun.objects.create(
        skill=skill, snapshot={}, status="ready", digest="", locale="en-US"
    )
    evaluations.request_quality(newer, Kind.FOLDS)
    old.refresh_from_db()
    assert old.status == Status.CANCELLED


def test_the_page_of_a_learning_curve(skill: Skill, alice: Any, browser_of: Any) -> None:
    run, _ = runs.request_run(skill)
    points = [
        {
            "share": share,
            "samples": round(100 * share),
            "count": 30,
            "neural": value,
            "maxent_crf": 0.4,
            "intents": {"OrderPizza": value, "OpeningHours": 0.5},
        }
        for share, value in ((0.25, 0.5), (0.5, 0.6), (0.75, 0.65), (1.0, 0.7))
    ]
    curve = Evaluation.objects.create(
        skill=skill,
        run=run,
        kind=Kind.CURVE,
        status=Status.READY,
        metrics={
            "points": points,
            "worth": {"neural": 0.1, "maxent_crf": 0.0},
            "worth_by_intent": {"OrderPizza": 0.12, "OpeningHours": 0.01},
            "seconds": 61.4,
        },
    )
    page = browser_of(alice).get(reverse("evaluation", args=[curve.pk])).text
    assert "would buy the DNN <strong>about 10 points" in page
    assert "took 1 min 1 s" in page and "12 points" in page and "1 point<" in page
    assert "MaxEnt-CRF <strong>next to nothing" in page
    assert page.index("<bdi>OrderPizza</bdi></th>") < page.index("<bdi>OpeningHours</bdi></th>")
