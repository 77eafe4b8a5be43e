"""Making skills and counting their changes."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import count

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.utils.text import slugify

from nlu_engine.interaction_model import InteractionModel
from nlu_engine.utterances import is_blank
from skillbuilder.authoring.history import note_event
from skillbuilder.authoring.import_export import import_interaction_model
from skillbuilder.authoring.models import Change, Skill, SlotValue

# /skills/new is the page that makes a skill.
RESERVED_SLUGS = frozenset({"new"})
LONGEST_DERIVED_SLUG = 100
# To read and compare so many takes longer than to edit one.
MANY_VALUES = 2_000


class SlugTaken(Exception):
    """The slug that was asked for belongs to another skill, or to a page of ours."""

    def __init__(self, slug: str, *, in_bin: bool = False) -> None:
        where = ", by a skill in your bin: restore that or delete it for good" if in_bin else ""
        super().__init__(f"The slug {slug!r} is taken{where}. Choose another, or leave it out.")


def create_skill(
    owner: User | AnonymousUser,
    *,
    name: str,
    locale: str,
    slug: str | None = None,
    invocation_name: str = "",
    model: InteractionModel | None = None,
) -> Skill:
    """Return a new skill of ``owner``, with the interaction model ``model`` in it if there is one.

    An ``invocation_name`` takes the place of the one in the model. Without ``slug`` one is
    derived from the name. Raises SlugTaken for an explicit slug that is taken. Stores all or
    nothing.
    """
    if owner.is_anonymous:
        raise TypeError("a skill needs an owner who is signed in")
    with transaction.atomic():
        new = Skill(owner=owner, name=name, locale=locale, invocation_name=invocation_name)
        skill = _insert(new, slug)
        if model is not None:
            own_name = invocation_name or model.invocation_name
            import_interaction_model(skill, replace(model, invocation_name=own_name))
        start = _size_of(model) if model else "blank"
        note_event(skill, Change.Kind.SKILL, "created", "skill", name, after=start)
    return skill


def _size_of(model: InteractionModel) -> str:
    intents, types = len(model.intents), len(model.slot_types)
    return f"{intents:,} intent{'s'[: intents != 1]}, {types:,} slot type{'s'[: types != 1]}"


def check_name(name: str) -> None:
    """Raise ValidationError if ``name`` has characters that no name of a skill has."""
    if is_blank(name):
        raise ValidationError("Nothing of this name can be seen. Write letters.", "blank")
    if controls := {c for c in name if unicodedata.category(c) == "Cc"}:
        listed = " ".join(f"U+{ord(c):04X}" for c in sorted(controls))
        message = f"A name has no line breaks or control characters ({listed}). Remove them."
        raise ValidationError(message, "control-character")


def _insert(skill: Skill, slug: str | None) -> Skill:
    base = slugify(skill.name)[:LONGEST_DERIVED_SLUG].strip("-") or "skill"
    for number in count(1):
        skill.slug = slug or (base if number == 1 else f"{base}-{number}")
        if _inserted(skill):
            return skill
        if slug:
            mine = Skill.with_binned.filter(owner=skill.owner, binned_at__isnull=False)
            raise SlugTaken(slug, in_bin=mine.filter(slug=slug).exists())
    raise AssertionError("unreachable")


def _inserted(skill: Skill) -> bool:
    """Insert ``skill`` unless its slug is taken; the constraint decides, so races are safe."""
    slug_is_free = not Skill.with_binned.filter(slug=skill.slug).exists()
    if skill.slug in RESERVED_SLUGS or not slug_is_free:
        return False
    try:
        with transaction.atomic():
            skill.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def changed(skill: Skill) -> None:
    """Note that something in ``skill`` was changed: its revision goes up by one."""
    Skill.objects.filter(pk=skill.pk).update(revision=F("revision") + 1, updated_at=timezone.now())
    skill.refresh_from_db(fields=["revision", "updated_at"])


def content_key(skill: Skill) -> str:
    """Return what stays the same as long as nothing authored in ``skill`` is changed."""
    return f"{skill.pk}:{skill.revision}:{skill.updated_at.isoformat()}"


def has_many_values(skill: Skill) -> bool:
    """Return whether ``skill`` has more slot values than a page should wait for."""
    return SlotValue.objects.filter(slot_type__skill=skill)[MANY_VALUES:].exists()


def with_counts(skills: QuerySet[Skill]) -> QuerySet[Skill]:
    """Add ``intent_count`` (the skill's own ones) and ``slot_type_count`` to each skill."""
    own = ~Q(intents__name__startswith="AMAZON.")
    return skills.annotate(
        intent_count=Count("intents", filter=own, distinct=True),
        slot_type_count=Count("slot_types", distinct=True),
    )
