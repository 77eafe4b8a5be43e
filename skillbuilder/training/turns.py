"""Whose build comes next: owners take turns, so nobody's hundred builds hold up another's one.

A message says that there is something to do, not what: the worker that gets it takes the build
whose turn it is. First come owners of whom fewer builds are under way, then those who were served
longest ago; of one owner, the build that was asked for first.
"""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Max, QuerySet
from django.utils import timezone

from skillbuilder.training import leases
from skillbuilder.training.models import Build

Work = TypeVar("Work", bound=Build)
LOOKED_BACK = timedelta(hours=1)
"""Who was not served for so long counts as served never."""
_NEVER = datetime.min.replace(tzinfo=UTC)


def claim_next(rows: QuerySet[Work]) -> Work | None:
    """Take the build of ``rows`` whose turn it is for this worker; None if there is none."""
    for pk in in_turn(rows.model):
        work = leases.claim(rows, pk)
        if work is not None:
            return work
    return None


def in_turn(model: Any) -> list[uuid.UUID]:
    """Return the ids of the queued builds in the order in which workers will take them."""
    builds = model._default_manager.order_by("created_at", "pk")
    queued = list(builds.filter(status="queued").values_list("pk", "skill__owner"))
    owners = {owner for _, owner in queued}
    theirs = model._default_manager.filter(skill__owner__in=owners).order_by()
    busy = Counter(theirs.filter(status=model.WORKING).values_list("skill__owner", flat=True))
    since = timezone.now() - LOOKED_BACK
    served = dict(
        theirs.filter(started_at__gte=since)
        .values_list("skill__owner")
        .annotate(last=Max("started_at"))
    )
    turns = []
    for place, (pk, owner) in enumerate(queued):
        turns.append(((busy[owner], served.get(owner, _NEVER), place), pk))
        busy[owner] += 1
    return [pk for _, pk in sorted(turns)]


def builds_ahead(build: Build) -> int:
    """Return how many builds of its kind workers will take before the queued ``build``."""
    order = in_turn(type(build))
    return order.index(build.pk) if build.pk in order else 0
