"""What a user had parsed in the console of a skill, kept for that user: the last few alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet

from skillbuilder.authoring.models import Skill
from skillbuilder.training.models import TrainingRun, TriedUtterance

if TYPE_CHECKING:
    from nlu_engine.parsers import ParsePair

MOST = 100
"""Utterances that are kept of a user and a skill."""


def tried_by(skill: Skill, user: Any) -> QuerySet[TriedUtterance]:
    """Return what ``user`` had parsed by ``skill``, newest first."""
    return skill.tried_utterances.filter(user=user)


def texts(skill: Skill, user: Any) -> list[str]:
    """Return the utterances that ``user`` had parsed, newest first, each once."""
    return list(tried_by(skill, user).values_list("text", flat=True))


def note(skill: Skill, user: Any, run: TrainingRun, pair: ParsePair) -> None:
    """Keep that ``user`` had ``pair`` parsed by ``run``; the same utterance only once."""
    with transaction.atomic():
        mine = tried_by(skill, user)
        # Text without a NUL, which Postgres cannot keep.
        text = pair.utterance.replace("\0", "")
        mine.filter(text=text).delete()
        TriedUtterance.objects.create(
            skill=skill,
            user=user,
            text=text,
            run=run,
            neural_intent=pair.neural.frame.intent,
            neural_confidence=pair.neural.confidence,
            maxent_crf_intent=pair.maxent_crf.frame.intent,
            maxent_crf_confidence=pair.maxent_crf.confidence,
            differ=not pair.agree,
        )
        kept = list(mine.values_list("pk", flat=True)[:MOST])
        mine.exclude(pk__in=kept).delete()


def forget(skill: Skill, user: Any) -> None:
    """Forget all that ``user`` had parsed by ``skill``."""
    tried_by(skill, user).delete()
