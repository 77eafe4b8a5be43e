"""What each version has right of an annotation set, from build to build."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.urls import reverse

from nlu_engine.annotations import Answer, annotation
from skillbuilder.authoring import annotation_sets as sets
from skillbuilder.authoring.models import AnnotationSet, Skill
from skillbuilder.training import runs
from skillbuilder.training.evaluation import changes_of
from skillbuilder.training.models import EvaluatedRow, Evaluation, TrainingRun
from skillbuilder.training.results import MOST_VERSIONS, over_versions


@pytest.fixture
def filled(skill: Skill) -> AnnotationSet:
    return sets.create_set(skill, "Customers", [annotation("hi", [Answer("OrderPizza")])])


def version(skill: Skill) -> TrainingRun:
    """Return a new version of the skill, which is ready."""
    skill.invocation_name = f"kitchen {skill.training_runs.count()}"
    skill.save()
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    runs.finish(run, notes=[], metrics={})
    return run


def evaluated(run: TrainingRun, one: AnnotationSet, accuracy: float, **changes: int) -> Evaluation:
    measures = {"frame_accuracy": accuracy, "changes": changes or None}
    metrics = {"neural": measures, "maxent_crf": {"frame_accuracy": 0.25}}
    return Evaluation.objects.create(
        skill=run.skill, run=run, annotation_set=one, status="ready", metrics=metrics
    )


def test_the_newest_result_of_each_version_oldest_first(
    skill: Skill, filled: AnnotationSet
) -> None:
    assert over_versions(filled) == []
    first, second = version(skill), version(skill)
    evaluated(second, filled, 0.5)
    newest = evaluated(second, filled, 0.75, fixed=3)
    evaluated(first, filled, 0.5)
    Evaluation.objects.create(skill=skill, run=second, annotation_set=filled, status="failed")
    one, two = over_versions(filled)
    assert (one.number, one.accuracies, one.changes) == (1, [0.5, 0.25], None)
    assert (two.number, two.accuracies, two.evaluation) == (2, [0.75, 0.25], newest.pk)
    assert two.changes == [("broken", 0), ("fixed", 3), ("changed", 0)]
    for _ in range(MOST_VERSIONS):
        evaluated(version(skill), filled, 0.5)
    assert [one.number for one in over_versions(filled)] == [*range(3, MOST_VERSIONS + 3)]


def test_the_page_of_a_set_draws_them(
    skill: Skill, filled: AnnotationSet, browser_of: Any, alice: Any
) -> None:
    page = reverse("annotation-set", args=[skill.slug, filled.pk])
    evaluated(version(skill), filled, 0.5)
    assert "Over versions" not in browser_of(alice).get(page).text
    newest = evaluated(version(skill), filled, 0.75, fixed=1_234, broken=1)
    AnnotationSet.objects.update(threshold=0.6)
    text = browser_of(alice).get(page).text
    assert text.count('data-value="0.6000"') == 2
    assert f"{reverse('evaluation', args=[newest.pk])}?show=fixed" in text
    assert "1,234 fixed" in text and "0 changed" not in text


def test_changes_are_counted() -> None:
    rows = [EvaluatedRow(neural_change=change) for change in ("fixed", "", "fixed", "broken")]
    assert changes_of(rows, "neural") == Counter(fixed=2, broken=1)
