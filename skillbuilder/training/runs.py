"""The life of a training run: requested, claimed, kept alive, finished, found again.

The row owns the run, and every step of its life is one conditional update (leases.py):

    queued ──claim──► training ──finish──► ready | failed
      ▲                  │ lease ran out
      └── requeue_lost ──┘        queued or training ──cancel_run──► cancelled
"""

from __future__ import annotations

import logging
import uuid
from functools import partial
from typing import Any, cast

from django.db import transaction
from django.utils import timezone
from django.utils.text import camel_case_to_spaces

import nlu_engine
from nlu_engine.embeddings import release_for
from nlu_engine.errors import InvalidInteractionModel
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.editing import locked
from skillbuilder.authoring.history import acting_user
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.read_rows import read_rows
from skillbuilder.training import full_tier, leases, storage, turns
from skillbuilder.training.models import FullTier, TrainingRun

log = logging.getLogger(__name__)

Status, Gate = TrainingRun.Status, TrainingRun.Gate
# By name, since the task's module imports this one.
TRAIN_TASK = "skillbuilder.training.tasks.train_run"
JUDGE_TASK = "skillbuilder.training.tasks.judge_run"
REMEDY = "It may lack memory: build a smaller interaction model, or give the worker more."


class NotTrained(Exception):
    """A parse was asked of a skill that has no ready training run."""

    def __init__(self, skill: Skill) -> None:
        super().__init__(f"The skill {skill.slug!r} is not trained yet. Build it first.")


def code_of(error: Exception) -> str:
    """Return the error's code: its class name in snake case ("invalid_utterance")."""
    return camel_case_to_spaces(type(error).__name__).replace(" ", "_")


# --- Asking -------------------------------------------------------------------------------


def request_run(skill: Skill, *, seed: int = 0) -> tuple[TrainingRun, bool]:
    """Return a run of what is in ``skill`` now, and whether it is a new one.

    A run of the same content, seed, engine and embeddings that is queued, training or
    ready is reused; an active run of other content is cancelled, for it is superseded.
    Raises InvalidInteractionModel when a rule is broken or there is nothing to train, and
    Http404 when the skill was deleted meanwhile.
    """
    with transaction.atomic():
        # The lock makes two requests at once come one after the other.
        skill = locked(skill)
        model = export_interaction_model(skill)
        if errors := model.build_errors(skill.locale):
            raise InvalidInteractionModel(errors)
        identity = _identity(skill, model, seed)
        run = _reusable(skill, identity)
        _supersede(skill, by=run)
        if run is not None:
            TrainingRun.objects.filter(pk=run.pk).update(requested_at=timezone.now())
            if not run.is_active:
                run.tell("asked again for")
            _judge_again(run)
            if run.status == Status.READY:
                full_tier.request(run)
            return run, False
        run = TrainingRun.objects.create(
            skill=skill,
            snapshot=model.to_json(),
            size=size_of(model),
            requested_by=acting_user(),
            **identity,
        )
        run.note(f"Requested, {run.size:,} samples and values")
        run.tell("asked to build")
        transaction.on_commit(partial(send, run.pk))
    return run, True


def _identity(skill: Skill, model: InteractionModel, seed: int) -> dict[str, Any]:
    """Return all that decides what a run will learn."""
    return {
        "digest": model.digest(),
        "locale": skill.locale,
        "seed": seed,
        "engine_version": nlu_engine.__version__,
        "embeddings": release_for(skill.locale),
    }


def size_of(model: InteractionModel) -> int:
    """Return how much there is to learn from: samples, values and synonyms."""
    samples = sum(len(intent.samples) for intent in model.intents)
    values = [value for slot_type in model.slot_types for value in slot_type.values]
    return samples + sum(1 + len(value.synonyms) for value in values)


def _reusable(skill: Skill, identity: dict[str, Any]) -> TrainingRun | None:
    same = skill.training_runs.filter(**identity).defer("snapshot")
    active = same.filter(status__in=TrainingRun.ACTIVE).first()
    if active is not None:
        return active
    ready = same.filter(status=Status.READY).order_by("-requested_at")
    # A ready run whose artifact was deleted is worth nothing.
    return next((run for run in ready if storage.exists(run.artifact_key)), None)


def _judge_again(run: TrainingRun) -> None:
    """Look anew whether a run that was held back may go live: sets and thresholds change."""
    held = (
        TrainingRun.objects.filter(pk=run.pk, gate=Gate.HELD),
        FullTier.objects.filter(run=run.pk, gate=Gate.HELD),
    )
    if sum(rows.update(gate=Gate.PENDING) for rows in held):
        transaction.on_commit(partial(leases.send, JUDGE_TASK, run.pk))


def _supersede(skill: Skill, by: TrainingRun | None) -> None:
    for run in skill.training_runs.filter(status__in=TrainingRun.ACTIVE):
        if run != by:
            leases.cancel(run)
    for full in skill.full_tiers.filter(status__in=FullTier.ACTIVE):
        if full.run_id != getattr(by, "pk", None):
            leases.cancel(full)


def send(run_id: uuid.UUID) -> None:
    """Put ``run_id`` in the queue."""
    leases.send(TRAIN_TASK, run_id)


def latest_ready_run(skill: Skill) -> TrainingRun | None:
    """Return the run that ``skill`` parses with, or None if none is ready."""
    ready = skill.training_runs.filter(status=Status.READY, gate=Gate.OPEN)
    return ready.order_by("-requested_at", "-pk").defer("snapshot").first()


# Of a skill, whose column or parameter is put in: what ``latest_ready_run`` chooses, and whether
# the skill has a parse log.
SERVING_ID = """
    SELECT serving.id FROM training_trainingrun AS serving
    WHERE serving.skill_id = {0} AND serving.status = 'ready' AND serving.gate = ''
    ORDER BY serving.requested_at DESC, serving.id DESC LIMIT 1
"""
IS_LOGGED = "EXISTS (SELECT 1 FROM training_parselog AS log WHERE log.skill_id = {0})"
SERVES_BY = (TrainingRun, ("id", "skill", "artifact", "serves"))
_SERVING = f"""
    SELECT {{0}}, {IS_LOGGED.format("training_trainingrun.skill_id")}
    FROM training_trainingrun WHERE training_trainingrun.id = ({SERVING_ID.format("%s")})
"""  # noqa: S608 - nothing of a request is put in


def serving_run(skill: Skill) -> TrainingRun | None:
    """Return what ``latest_ready_run`` does, with what parsing needs of it alone.

    ``is_logged`` tells whether the skill has a parse log.
    """
    for run, is_logged in read_rows(_SERVING, [skill.pk], SERVES_BY):
        run.is_logged = bool(is_logged)
        return cast(TrainingRun, run)
    return None


def active_run(skill: Skill) -> TrainingRun | None:
    """Return the run of ``skill`` that is queued or training, or None."""
    return skill.training_runs.filter(status__in=TrainingRun.ACTIVE).defer("snapshot").first()


def cancel_run(run: TrainingRun) -> bool:
    """Cancel ``run`` at once, or its full tier if that is what is trained.

    Returns False if both were over already.
    """
    full = full_tier.of_run(run)
    return leases.cancel(run) or (full is not None and leases.cancel(full))


# --- Working ------------------------------------------------------------------------------


def claim_next() -> TrainingRun | None:
    """Take the queued run whose turn it is for this worker; None if there is none."""
    return turns.claim_next(TrainingRun.objects.select_related("skill"))


def finish(run: TrainingRun, **outcome: Any) -> bool:
    """Make ``run`` ready, with ``notes`` and ``metrics``; False if it is no longer ours.

    It goes live at once, unless annotation sets have a say in that and another version is live.
    Its full tier is queued in the same breath.
    """
    with transaction.atomic():
        if not Skill.objects.select_for_update().filter(pk=run.skill_id).exists():
            return False
        outcome["gate"] = Gate.PENDING if is_judged(run) and _others_live(run) else Gate.OPEN
        finished = leases.complete(run, **outcome)
        if finished:
            full_tier.request(run)
    return finished


def is_judged(run: TrainingRun) -> bool:
    """Return whether annotation sets have a say in whether ``run`` goes live."""
    sets = run.skill.annotation_sets.filter(threshold__isnull=False, annotations__isnull=False)
    return sets.exists()


def _others_live(run: TrainingRun) -> bool:
    return latest_ready_run(run.skill) is not None


def requeue_lost() -> int:
    """Queue again every run whose worker or whose message was lost; return how many."""
    lost = leases.requeue_lost(TrainingRun.objects.defer("snapshot"), send, REMEDY)
    full = FullTier.objects.select_related("run").defer("run__snapshot")
    return lost + leases.requeue_lost(full, full_tier.send, REMEDY)
