"""Who changed what: every edit leaves an entry, written in its own transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

from nlu_engine.differences import Difference, differences
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Change, Skill

# An import may change tens of thousands of things; the page shows no more.
MOST_DIFFERENCES = 300
# A document may have 1.5 MB: the newest of those that were kept to be restored stay.
KEPT_DOCUMENTS = 30
_KEPT_KINDS = {("removed", "intent"), ("removed", "slot type")}
# The request that is answered: the API knows its user only once the token was read.
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


class ActingUser:
    """Middleware that remembers whose request it is, for the entries of its changes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _request.set(request)
        try:
            return self.get_response(request)
        finally:
            _request.reset(token)


def acting_user() -> User | None:
    """Return whose request is answered, None outside of requests (the command line)."""
    user = getattr(_request.get(), "user", None)
    return user if isinstance(user, User) else None


def note(skill: Skill, found: list[Difference], before: InteractionModel | None = None) -> None:
    """Write an entry of what the acting user did; ``before`` is kept to be restored."""
    Change.objects.create(
        skill=skill,
        user=acting_user(),
        count=len(found),
        differences=[one.to_dict() for one in found[:MOST_DIFFERENCES]],
        before=before.to_json() if before else None,
    )
    if before:
        kept = skill.changes.filter(before__isnull=False).values_list("pk", flat=True)
        older = list(kept[KEPT_DOCUMENTS : KEPT_DOCUMENTS + 100])
        skill.changes.filter(pk__in=older).update(before=None)


Part = Callable[[], InteractionModel]


@contextmanager
def noted(skill: Skill, *, replaces: bool = False, part: Part | None = None) -> Iterator[None]:
    """Leave an entry of what the block changed in ``skill``, which is locked.

    If the block removes an intent or slot type, or ``replaces`` the whole document, the entry
    keeps what was there before. ``part`` gives all that the block may change, where that is
    less than the whole document; it is asked before and after.
    """
    old_fields, old = _state(skill, part)
    yield
    new_fields, new = _state(Skill.objects.get(pk=skill.pk), part)
    found = [
        Difference("changed", name, "", name, old_fields[name], new_fields[name])
        for name in old_fields
        if old_fields[name] != new_fields[name]
    ] + differences(old, new)
    if found:
        removes = any((one.kind, one.what) in _KEPT_KINDS for one in found)
        note(skill, found, old if replaces or removes else None)


def _state(skill: Skill, part: Part | None) -> tuple[dict[str, str], InteractionModel]:
    model = part() if part else export_interaction_model(skill)
    # Renaming writes into the dialog in place.
    fields = {"name": skill.name, "locale": skill.locale}
    return fields, replace(model, extra=deepcopy(model.extra))


def restorable(change: Change, now: InteractionModel) -> list[dict[str, Any]]:
    """Return the removed intents and slot types of ``change`` that could come back."""
    if change.before is None:
        return []
    present = {
        "intent": {i.name for i in now.intents},
        "slot type": {t.name for t in now.slot_types},
    }
    return [
        one
        for one in change.differences
        if (one["kind"], one["what"]) in _KEPT_KINDS and one["name"] not in present[one["what"]]
    ]


def with_restored(
    now: InteractionModel, before: InteractionModel, what: str, name: str
) -> InteractionModel:
    """Return ``now`` with the intent or slot type ``name`` of ``before`` added at its end.

    Raises LookupError if it is not in ``before``, ValueError if ``now`` has that name again.
    """
    part = "intents" if what == "intent" else "slot_types"
    lost = next((row for row in getattr(before, part) if row.name == name), None)
    if lost is None:
        raise LookupError(name)
    if any(row.name.casefold() == name.casefold() for row in getattr(now, part)):
        raise ValueError(f"There is {what} {name} again. Rename that one first.")
    if what == "intent":
        return replace(now, intents=(*now.intents, lost))
    return replace(now, slot_types=(*now.slot_types, lost))
