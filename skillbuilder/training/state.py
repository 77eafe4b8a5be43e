"""Where a skill stands between what was written and what was trained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill
from skillbuilder.training.models import TrainingRun
from skillbuilder.training.runs import active_run, latest_ready_run

Status = TrainingRun.Status


@dataclass(frozen=True)
class BuildState:
    """The runs that matter of a skill.

    ``active`` is queued or training, ``ready`` is what the console parses with, ``last``
    the newest of all; ``changed`` tells, while no run is active, whether the skill has
    changed since ``ready``.
    """

    active: TrainingRun | None
    ready: TrainingRun | None
    last: TrainingRun | None
    changed: bool

    @property
    def kind(self) -> str:
        """Return the state in one word."""
        if self.active:
            return "building"
        if self.last and self.last.status == Status.FAILED:
            return "failed"
        if not self.ready:
            return "none"
        return "changed" if self.changed else "ready"


def build_state(skill: Skill) -> BuildState:
    """Return where ``skill`` stands."""
    active, ready = active_run(skill), latest_ready_run(skill)
    # During a build nobody asks, and pages that watch it ask for the rest every second.
    changed = active is None and ready is not None and differs(skill, ready)
    last = active or skill.training_runs.defer("snapshot").first()
    return BuildState(active, ready, last, changed)


def differs(skill: Skill, run: TrainingRun) -> bool:
    """Return whether ``skill`` has changed since ``run`` was requested."""
    if run.locale != skill.locale:
        return True
    return export_interaction_model(skill).digest() != run.digest


def last_runs(skills: Iterable[Skill]) -> dict[int, TrainingRun]:
    """Return the newest run of each of ``skills`` that has one, by the skill's key."""
    newest = TrainingRun.objects.filter(skill=OuterRef("skill")).order_by("-created_at", "-pk")
    runs = TrainingRun.objects.filter(
        skill__in=[skill.pk for skill in skills], pk=Subquery(newest.values("pk")[:1])
    )
    return {run.skill_id: run for run in runs.defer("snapshot")}


def runs_ahead(run: TrainingRun) -> int:
    """Return how many runs a worker will take before the queued ``run``."""
    waiting = TrainingRun.objects.filter(status=Status.QUEUED, created_at__lt=run.created_at)
    return waiting.count()


def elapsed(run: TrainingRun) -> timedelta:
    """Return how long ``run`` has been worked on, or has waited if no one has begun."""
    since = run.started_at or run.created_at
    return max((run.finished_at or timezone.now()) - since, timedelta())
