"""Where a skill stands between what was written and what was trained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from skillbuilder.authoring.digests import digest_of
from skillbuilder.authoring.models import Skill, SkillStatus
from skillbuilder.authoring.skills import has_many_values
from skillbuilder.training.models import Build, FullTier, TrainingRun
from skillbuilder.training.runs import active_run, latest_ready_run

Status = TrainingRun.Status

_STATUS_OF_RUN = {
    Status.QUEUED: SkillStatus.BUILDING,
    Status.TRAINING: SkillStatus.BUILDING,
    Status.READY: SkillStatus.READY,
    Status.FAILED: SkillStatus.FAILED,
}


@dataclass(frozen=True)
class BuildState:
    """The runs that matter of a skill.

    ``active`` is queued or training, ``ready`` is what the console parses with, ``last``
    the newest of all; ``changed`` tells, while no run is active, whether the skill has
    changed since ``ready``. ``waiting`` is a run of what is in the skill now that may not
    go live, or not yet.
    """

    active: TrainingRun | None
    ready: TrainingRun | None
    last: TrainingRun | None
    changed: bool
    waiting: TrainingRun | None = None
    # Whether the full tier of ``ready`` is queued or trained.
    upgrading: bool = False

    @property
    def kind(self) -> str:
        """Return the state in one word."""
        if self.active:
            return "building"
        if self.last and self.last.status == Status.FAILED:
            return "failed"
        if self.waiting:
            return "held" if self.waiting.gate == TrainingRun.Gate.HELD else "judged"
        if not self.ready:
            return "none"
        if self.changed:
            return "changed"
        return "upgrading" if self.upgrading else "ready"


def build_state(skill: Skill) -> BuildState:
    """Return where ``skill`` stands."""
    active, ready = active_run(skill), latest_ready_run(skill)
    # During a build nobody asks, and pages that watch it ask for the rest every second.
    changed = active is None and ready is not None and differs(skill, ready)
    last = active or skill.training_runs.defer("snapshot").first()
    waits = changed and last is not None and last.gate and last.status == Status.READY
    waiting = last if waits and last is not None and not differs(skill, last) else None
    upgrading = ready is not None and is_upgrading(ready)
    return BuildState(active, ready, last, changed, waiting, upgrading)


def is_upgrading(run: TrainingRun) -> bool:
    """Return whether the full tier of ``run`` is queued or trained."""
    return FullTier.objects.filter(run=run.pk, status__in=FullTier.ACTIVE).exists()


def differs(skill: Skill, run: TrainingRun) -> bool:
    """Return whether ``skill`` has changed since ``run`` was requested.

    To compare what is in a skill with thousands of values takes longer than an edit of it, so
    there any edit counts, be it undone.
    """
    if run.locale != skill.locale:
        return True
    if has_many_values(skill):
        return skill.updated_at > run.requested_at
    return digest_of(skill) != run.digest


def edited_since(skill: Skill, run: TrainingRun) -> bool:
    """Return whether ``skill`` was edited after ``run`` was requested, and differs from it."""
    return skill.updated_at > run.requested_at and differs(skill, run)


def note_statuses(keys: Iterable[int]) -> None:
    """Write into the skills ``keys`` the status that ``last_builds`` finds."""
    wanted = dict.fromkeys(keys, SkillStatus.DRAFT)
    wanted |= {key: status for key, (status, _) in _last_builds(list(wanted)).items()}
    for status in SkillStatus:
        those = Skill.with_binned.filter(pk__in=[key for key in wanted if wanted[key] == status])
        those.exclude(status=status).update(status=status)


def last_builds(skills: Iterable[Skill]) -> dict[int, tuple[SkillStatus, TrainingRun]]:
    """Return the status of each of ``skills`` and the run that decides it, by the skill's key.

    That is the newest run, or the ready one before it if the newest was cancelled. A skill
    without either is a draft, and not in the answer.
    """
    return _last_builds([skill.pk for skill in skills])


def _last_builds(keys: list[int]) -> dict[int, tuple[SkillStatus, TrainingRun]]:
    found = {run.skill_id: run for run in _newest(keys, "-created_at")}
    cancelled = [key for key, run in found.items() if run.status == Status.CANCELLED]
    if cancelled:
        ready = {run.skill_id: run for run in _newest(cancelled, "-requested_at", Status.READY)}
        found = {key: run for key, run in found.items() if key not in cancelled} | ready
    return {key: (_STATUS_OF_RUN[Status(run.status)], run) for key, run in found.items()}


def live_runs(keys: list[int]) -> QuerySet[TrainingRun]:
    """Return the run that each of the skills ``keys`` parses with (runs.latest_ready_run)."""
    return _newest(keys, "-requested_at", Status.READY, gate=TrainingRun.Gate.OPEN)


def _newest(keys: list[int], order: str, *statuses: str, **more: str) -> QuerySet[TrainingRun]:
    """Return the first run in ``order`` of each skill, among those of ``statuses`` if any."""
    runs = TrainingRun.objects.filter(status__in=statuses or Status.values, **more)
    first = runs.filter(skill=OuterRef("skill")).order_by(order, "-pk").values("pk")[:1]
    return runs.filter(skill__in=keys, pk=Subquery(first)).defer("snapshot")


def elapsed(run: Build) -> timedelta:
    """Return how long ``run`` has been worked on, or has waited if no one has begun."""
    since = run.started_at or run.created_at
    return max((run.finished_at or timezone.now()) - since, timedelta())
