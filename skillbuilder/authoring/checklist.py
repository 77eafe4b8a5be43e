"""The builder checklist: what a skill still needs before it understands anybody.

Whether a step is done is read off the skill itself; stored is only what no skill tells: that
a user has tried it, and wants to see the list no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone

from nlu_engine.rules import invocation_name_problems
from skillbuilder.authoring.models import Checklist, SampleUtterance, Skill, Slot

MIN_INTENTS = 2
MIN_SAMPLES = 5


@dataclass(frozen=True)
class Step:
    """A line of the checklist; one that is optional need not be done."""

    done: bool
    title: str
    help: str
    url: str
    optional: bool = False


def counted_intents(skill: Skill) -> list[Any]:
    """Return all intents, with ``sample_count``, ``slot_count`` and ``first_sample``."""
    samples = SampleUtterance.objects.filter(intent=OuterRef("pk")).order_by("position", "pk")
    counts = {
        "first_sample": Subquery(samples.values("text")[:1]),
        "sample_count": Count("samples", distinct=True),
        "slot_count": Count("slots", distinct=True),
    }
    return list(skill.intents.annotate(**counts).order_by("position", "pk"))


def authoring_steps(skill: Skill, intents: Iterable[Any]) -> list[Step]:
    """Return what is to be written; ``intents`` are counted ones."""
    custom = [intent for intent in intents if not intent.is_builtin]
    return [
        _invocation_name(skill),
        _intents(skill, custom),
        _samples(skill, custom),
        _slots(skill),
    ]


def _invocation_name(skill: Skill) -> Step:
    name = skill.invocation_name
    url = reverse("skill-settings", args=[skill.slug]) + "#id_invocation_name"
    if not name:
        text = "What people say to open the skill: “pizza corner”."
        return Step(False, "Invocation name", text, url)
    problems = invocation_name_problems(name, skill.locale)
    text = f"“{name}”" + (f": {problems[0].message} {problems[0].fix}" if problems else "")
    # One word alone is right for a brand, which only its author knows.
    is_brand = len(name.split()) == 1
    return Step(not problems, "Invocation name", text, url, optional=is_brand)


def _intents(skill: Skill, custom: list[Any]) -> Step:
    text = "An intent is one thing people may want: order a pizza, cancel it."
    url = reverse("skill-detail", args=[skill.slug]) + "#intent-name"
    return Step(len(custom) >= MIN_INTENTS, "Two intents of your own", text, url)


def _samples(skill: Skill, custom: list[Any]) -> Step:
    thin = [intent for intent in custom if intent.sample_count < MIN_SAMPLES]
    text = "A sample utterance is one way to say it: “order a {size} pizza”."
    if thin:
        text = f"Too few in {', '.join(intent.name for intent in thin[:4])}."
    url = reverse("skill-detail", args=[skill.slug]) + "#intents-title"
    if custom:
        url = reverse("intent-detail", args=[skill.slug, (thin or custom)[0].pk])
    return Step(bool(custom) and not thin, "Five sample utterances in each", text, url)


def _slots(skill: Skill) -> Step:
    used = set(Slot.objects.filter(intent__skill=skill).values_list("type_name", flat=True))
    without_values = skill.slot_types.filter(name__in=used, values=None)
    empty = [row for row in without_values if "valueSupplier" not in row.extra]
    title, url = "Slots and slot types", reverse("skill-detail", args=[skill.slug])
    if empty:
        text = f"No values in {', '.join(row.name for row in empty[:4])}."
        return Step(False, title, text, reverse("slot-type-detail", args=[skill.slug, empty[0].pk]))
    text = "Where utterances vary, a slot says what may stand there. Optional."
    return Step(bool(used), title, text, f"{url}#slot-type-name", optional=True)


# --- What a user did with it --------------------------------------------------------------


def checklist_of(skill: Skill, user: Any) -> Checklist:
    """Return what ``user`` did with the checklist of ``skill``, a row not stored if nothing."""
    found = Checklist.objects.filter(skill=skill, user=user).first()
    return found or Checklist(skill=skill, user=user)


def hide(skill: Skill, user: Any, hidden: bool) -> None:
    """Hide the checklist of ``skill`` from ``user``, or show it again."""
    Checklist.objects.update_or_create(skill=skill, user=user, defaults={"hidden": hidden})


def note_tried(skill: Skill, user: Any) -> None:
    """Note that ``user`` has had an utterance parsed by ``skill``."""
    if checklist_of(skill, user).tried_at is None:
        Checklist.objects.update_or_create(
            skill=skill, user=user, defaults={"tried_at": timezone.now()}
        )
