"""How often the parsers of live versions are right, as far as it was measured honestly."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, Q

from skillbuilder.authoring.models import Skill
from skillbuilder.training.models import Evaluation
from skillbuilder.training.results import PARSERS
from skillbuilder.training.state import live_runs


@dataclass(frozen=True)
class Accuracy:
    """The frame accuracy of both parsers of a live version on utterances that it did not learn.

    ``values`` has it in [0, 1] by the title of the parser; ``source`` is the annotation set, ""
    for samples that were held back in turn; ``count`` of the utterances.
    """

    evaluation: uuid.UUID
    version: int
    source: str
    count: int
    values: list[tuple[str, float]]


_MEASURES = [f"metrics__{name}__frame_accuracy" for name in PARSERS]
_KINDS = (Evaluation.Kind.FOLDS, Evaluation.Kind.ANNOTATIONS)


def accuracies(skills: Iterable[Skill]) -> dict[int, Accuracy]:
    """Return what is known of the live version of each skill, by the skill's key.

    That is its newest evaluation on an annotation set, or else of samples held back; a skill
    with neither is not in the answer.
    """
    runs = live_runs([skill.pk for skill in skills])
    # An evaluation of the tier that answers; folds are of no tier.
    measured = Evaluation.objects.filter(
        Q(tier="") | Q(tier=F("run__tier")),
        run__in=list(runs),
        annotation_set__deleted_at=None,
        kind__in=_KINDS,
        status=Evaluation.Status.READY,
    )
    # The last one of a skill stays: the newest on a set, for folds come first.
    rows = measured.order_by("-kind", "created_at", "pk").values_list(
        "skill", "pk", "run__number", "annotation_set__name", "metrics__neural__count", *_MEASURES
    )
    return {
        skill: Accuracy(
            pk, number, source or "", count, list(zip(PARSERS.values(), values, strict=True))
        )
        for skill, pk, number, source, count, *values in rows
    }
