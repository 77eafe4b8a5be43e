"""The bin: deleted skills wait here, whole, to be restored or deleted for good.

Nothing else deletes a skill. One in the bin keeps its slug, people, versions and sets, and is
met nowhere but here: ``Skill.objects`` leaves it out.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import Signal
from django.shortcuts import get_object_or_404
from django.utils import timezone

from skillbuilder.authoring.editing import locked
from skillbuilder.authoring.history import note_event
from skillbuilder.authoring.models import Change, Skill

KEPT = timedelta(days=30)
# Sent with the skill in the transaction that puts it into the bin, and in that which takes it out,
# then with ``binned_at`` as it was.
binned, restored = Signal(), Signal()


def bin_of(user: User | AnonymousUser) -> QuerySet[Skill]:
    """Return the skills of ``user`` in the bin, last deleted first."""
    mine = Skill.with_binned.filter(owner_id=user.pk, binned_at__isnull=False)
    return mine.order_by("-binned_at", "-pk")


def put_away(skill: Skill) -> None:
    """Put ``skill`` into the bin, its builds cancelled, once nobody edits it; a 404 if gone."""
    with transaction.atomic():
        fresh = locked(skill)
        # First, so that what is cancelled because of it ends after it.
        Skill.objects.filter(pk=fresh.pk).update(binned_at=timezone.now())
        binned.send(Skill, skill=fresh)
        note_event(fresh, Change.Kind.SKILL, "deleted", "skill", fresh.name)


def restore(user: User | AnonymousUser, slug: str) -> Skill:
    """Take the skill ``slug`` of ``user`` out of the bin, as it was; a 404 if it is not there."""
    with transaction.atomic():
        skill = _held(user, slug)
        Skill.with_binned.filter(pk=skill.pk).update(binned_at=None)
        restored.send(Skill, skill=skill, binned_at=skill.binned_at)
        note_event(skill, Change.Kind.SKILL, "restored", "skill", skill.name)
    return skill


def delete_for_good(user: User | AnonymousUser, slug: str) -> None:
    """Delete the skill ``slug`` in the bin of ``user`` with its artifacts; a 404 if not there."""
    with transaction.atomic():
        _held(user, slug).delete()


def _held(user: User | AnonymousUser, slug: str) -> Skill:
    return get_object_or_404(bin_of(user).select_for_update(), slug=slug)


def empty_out() -> int:
    """Delete for good what has been in any bin for longer than KEPT; return how many skills."""
    old = Skill.with_binned.filter(binned_at__lt=timezone.now() - KEPT)
    return sum(_delete_old(pk) for pk in old.values_list("pk", flat=True))


def _delete_old(pk: int) -> bool:
    with transaction.atomic():
        # Looked at again: its owner may have restored it a moment ago.
        old = Skill.with_binned.select_for_update().filter(binned_at__lt=timezone.now() - KEPT)
        skill = old.filter(pk=pk).first()
        if skill:
            skill.delete()
    return skill is not None


def leaves_at(skill: Skill) -> datetime:
    """Return when ``skill``, which is in the bin, will be deleted for good."""
    return (skill.binned_at or timezone.now()) + KEPT
