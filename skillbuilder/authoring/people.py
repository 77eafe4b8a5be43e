"""Who may do what in a skill: its owner, the editors and viewers whom the owner invited."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from skillbuilder.authoring.editing import locked
from skillbuilder.authoring.history import acting_user, note_event
from skillbuilder.authoring.models import Change, Membership, Skill
from skillbuilder.authoring.read_rows import read_rows

VIEWER, EDITOR, OWNER = "viewer", "editor", "owner"
_RANK = {VIEWER: 1, EDITOR: 2, OWNER: 3}
_LOOKING = ("GET", "HEAD", "OPTIONS")
_MAY = {
    VIEWER: "You may look and test, but not change it.",
    EDITOR: "You may change what is in it; this only its owner may do.",
}


class AlreadyThere(Exception):
    """The user name that was invited is the owner's, a member's, or invited already."""


class OwnerStays(Exception):
    """The owner cannot leave."""

    def __init__(self) -> None:
        super().__init__("You own this skill: hand it over before you leave.")


def role_of(skill: Skill, user: Any) -> str | None:
    """Return the role of ``user`` in ``skill``, None of a stranger."""
    if skill.owner_id == user.pk:
        return OWNER
    return skill.memberships.filter(user_id=user.pk).values_list("role", flat=True).first()


def editable_by(user: User | AnonymousUser) -> QuerySet[Skill]:
    """Return the skills that ``user`` may change."""
    shared = Membership.objects.filter(user_id=user.pk or 0, role=EDITOR).values("skill")
    return Skill.objects.filter(Q(owner_id=user.pk) | Q(pk__in=shared))


def refuse_role(
    skill: Skill,
    user: Any,
    method: str | None,
    *,
    looking: str = VIEWER,
    changing: str = EDITOR,
) -> None:
    """Raise PermissionDenied unless the role of ``user`` is enough for the request ``method``.

    GET and HEAD need the role ``looking``, all others ``changing``. A stranger, and whoever asks
    for a skill in the bin, gets Http404: so views look up what they show by its key alone.
    """
    if skill.binned_at is not None:
        raise Http404
    _refuse(skill, role_of(skill, user), looking if method in _LOOKING else changing)


def _refuse(skill: Skill, role: str | None, needed: str) -> None:
    if role is None:
        raise Http404
    if _RANK[role] < _RANK[needed]:
        raise PermissionDenied(f"You are {role} of the skill “{skill.name}”. {_MAY[role]}")


# Most requests of the API ask for it.
_SEEN = """
    SELECT {0}, (
        SELECT role FROM authoring_membership
        WHERE skill_id = authoring_skill.id AND user_id = %s
    )
    FROM authoring_skill WHERE slug = %s AND binned_at IS NULL
"""


def seen_skill(slug: str, user: Any, method: str | None, *, changing: str = EDITOR) -> Skill:
    """Return the skill ``slug``, as ``visible_to`` and ``refuse_role`` have it, by one query.

    Raises Http404 if ``user`` may not see the skill, and PermissionDenied like refuse_role.
    """
    part = (Skill, tuple(field.name for field in Skill._meta.concrete_fields))
    for skill, role in read_rows(_SEEN, [user.pk, slug], part):
        return let_in(skill, user, role, VIEWER if method in _LOOKING else changing)
    raise Http404


def let_in(skill: Skill, user: Any, role: str | None, needed: str) -> Skill:
    """Return ``skill`` if ``user`` owns it or ``role``, theirs as a member, is ``needed`` or more.

    Raises Http404 and PermissionDenied like refuse_role.
    """
    _refuse(skill, OWNER if skill.owner_id == user.pk else role, needed)
    return skill


# --- Invitations --------------------------------------------------------------------------


def invite(skill: Skill, user_name: str, role: str) -> Membership:
    """Invite whoever has ``user_name`` to be ``role``. Raises AlreadyThere."""
    with transaction.atomic():
        locked(skill)
        is_member = skill.memberships.filter(user__username=user_name).exists()
        is_invited = skill.memberships.filter(user_name=user_name).exists()
        if skill.owner.username == user_name or is_member or is_invited:
            raise AlreadyThere(f"{user_name} is in the list already.")
        _note(skill, "invited", user_name, after=role)
        return skill.memberships.create(user_name=user_name, role=role)


def _note(skill: Skill, did: str, name: str, before: str = "", after: str = "") -> None:
    note_event(skill, Change.Kind.PEOPLE, did, "person", name, before=before, after=after)


def note_handed_over(skill: Skill, before: User) -> None:
    """Write into the history that ``skill`` has another owner than ``before``."""
    _note(skill, "handed over to", skill.owner.username, before.username)


def invitations_of(user: User | AnonymousUser) -> QuerySet[Membership]:
    """Return the invitations that ``user`` may accept or decline."""
    waiting = Membership.objects.filter(user=None, user_name=user.username, skill__binned_at=None)
    return waiting.select_related("skill", "skill__owner")


def accept(invitation: Membership, user: User | AnonymousUser) -> None:
    """Make ``user``, who was invited, a member."""
    with transaction.atomic():
        locked(invitation.skill)
        invitation = get_object_or_404(invitations_of(user), pk=invitation.pk)
        invitation.user = cast(User, user)
        invitation.save(update_fields=["user"])
        _note(invitation.skill, "joined", invitation.user_name, after=invitation.role)


def set_role(skill: Skill, membership: Membership, role: str) -> None:
    """Give the member, or who is invited, another role."""
    with transaction.atomic():
        locked(skill)
        fresh = get_object_or_404(skill.memberships, pk=membership.pk)
        if fresh.role == role:
            return
        _note(skill, "changed the role of", fresh.user_name, fresh.role, role)
        fresh.role = role
        fresh.save(update_fields=["role"])


def dismiss(skill: Skill, membership: Membership) -> None:
    """End a membership or an invitation: withdrawn, declined, removed or left."""
    with transaction.atomic():
        locked(skill)
        fresh = get_object_or_404(skill.memberships, pk=membership.pk)
        _note(skill, _how_it_ends(fresh), fresh.user_name, before=fresh.role)
        fresh.delete()


def leave(skill: Skill, user: Any) -> None:
    """End the membership of ``user``. Raises OwnerStays."""
    mine = skill.memberships.filter(user_id=user.pk).first()
    if mine is None:
        raise OwnerStays
    dismiss(skill, mine)


def _how_it_ends(membership: Membership) -> str:
    acting = acting_user()
    if membership.user is None:
        is_theirs = acting and acting.username == membership.user_name
        return "declined" if is_theirs else "withdrew the invitation of"
    return "left" if acting == membership.user else "removed"


def transfer(skill: Skill, membership: Membership) -> User:
    """Make the member the owner of ``skill``, and the owner an editor; return the new owner."""
    with transaction.atomic():
        fresh = locked(skill)
        members = skill.memberships.exclude(user=None).select_related("user")
        member = get_object_or_404(members, pk=membership.pk)
        new_owner = cast(User, member.user)
        member.delete()
        fresh.memberships.filter(user_name=fresh.owner.username).delete()
        fresh.memberships.create(
            user_name=fresh.owner.username, user=fresh.owner, role=Membership.Role.EDITOR
        )
        Skill.objects.filter(pk=skill.pk).update(owner=new_owner)
        skill.owner = new_owner
        note_handed_over(skill, fresh.owner)
    return new_owner
