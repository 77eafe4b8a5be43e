"""Who changed what: every edit leaves an entry, written in its own transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest, HttpResponse

from nlu_engine.differences import Difference, differences, list_changes
from nlu_engine.interaction_model import InteractionModel, SlotValue
from skillbuilder.authoring.import_export import (
    export_interaction_model,
    extra_of,
    model_of,
    parts_of,
)
from skillbuilder.authoring.models import Change, Intent, Skill, SlotType
from skillbuilder.authoring.renames import follow, renames_between
from skillbuilder.authoring.rows import Rows, rows_of, steps_back

# An import may change tens of thousands of things; the page shows no more.
MOST_DIFFERENCES = 300
# A document may have 1.5 MB: the newest of those that were kept to be restored stay.
KEPT_DOCUMENTS = 30
# The steps back from an import are as many as its rows: only the newest entries keep theirs.
KEPT_UNDO = 200
_KINDS = dict.fromkeys(("name", "locale", "invocation name"), Change.Kind.SKILL) | dict.fromkeys(
    ("annotation set", "annotation"), Change.Kind.ANNOTATIONS
)
# So many differences are told one by one.
_FEW = 3
_WORDS = {"sample": "sample utterance", "other": "part"}
_KEPT_KINDS = {("removed", "intent"), ("removed", "slot type")}
# The request that is answered: the API knows its user only once the token was read.
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)
_last_change: ContextVar[Change | None] = ContextVar("last_change", default=None)


class ActingUser:
    """Middleware that remembers whose request it is, for the entries of its changes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _request.set(request)
        _last_change.set(None)
        try:
            return self.get_response(request)
        finally:
            _request.reset(token)


def acting_user() -> User | None:
    """Return whose request is answered, None outside of requests (the command line)."""
    user = getattr(_request.get(), "user", None)
    return user if isinstance(user, User) else None


def last_change() -> Change | None:
    """Return the entry of the last edit of the request that is answered, to offer Undo."""
    return _last_change.get()


def note(
    skill: Skill,
    found: list[Difference],
    before: InteractionModel | None = None,
    undo: dict[str, Any] | None = None,
    count: int | None = None,
) -> None:
    """Write an entry of what the acting user did; ``before`` and ``undo`` lead back.

    ``count`` says how many differences there are, if not all are in ``found``.
    """
    change = Change.objects.create(
        skill=skill,
        user=acting_user(),
        kind=_kind_of(found),
        count=len(found) if count is None else count,
        differences=[one.to_dict() for one in found[:MOST_DIFFERENCES]],
        before=before.to_json() if before else None,
        undo=undo,
    )
    _last_change.set(change)
    if before:
        kept = skill.changes.filter(before__isnull=False).values_list("pk", flat=True)
        older = list(kept[KEPT_DOCUMENTS : KEPT_DOCUMENTS + 100])
        skill.changes.filter(pk__in=older).update(before=None)
    _forget_steps(skill)


def note_event(
    skill: Skill,
    kind: str,
    did: str,
    what: str,
    name: str,
    *,
    before: str = "",
    after: str = "",
    user: User | None = None,
) -> None:
    """Write an entry of what is no edit: ``did`` ("invited") says what became of ``name``.

    By the acting user, else by ``user``: the worker does what somebody has asked for.
    """
    told = {"kind": did, "what": what, "within": "", "name": name}
    Change.objects.create(
        skill=skill,
        user=acting_user() or user,
        kind=kind,
        count=1,
        differences=[told | {"before": before, "after": after}],
    )
    _forget_steps(skill)


def _kind_of(found: list[Difference]) -> str:
    kinds = {_KINDS.get(one.what, Change.Kind.CONTENT) for one in found}
    return kinds.pop() if len(kinds) == 1 else Change.Kind.CONTENT


def _forget_steps(skill: Skill) -> None:
    """Take the steps back from the one entry that is no longer among the newest."""
    beyond = skill.changes.values_list("pk", flat=True)[KEPT_UNDO : KEPT_UNDO + 1]
    Change.objects.filter(pk__in=list(beyond), undo__isnull=False).update(undo=None)


Part = Callable[[], tuple[list[Intent], list[SlotType]]]
SlotValues = Sequence[SlotValue]


@contextmanager
def noted(
    skill: Skill, *, part: Part | None = None, keeps: bool = False
) -> Iterator[list[Difference]]:
    """Leave an entry of what the block changed in ``skill``, which is locked.

    What is renamed is renamed in annotations too; what else the block changed it adds to the list.
    ``part`` gives all that the block may change, where that is less than the whole document; it
    is asked before and after. If the block removes an intent or slot type, the entry keeps the
    document that was there before; with a ``part`` only where the block ``keeps`` it.
    """
    whole = export_interaction_model(skill) if keeps else None
    old_fields, old, old_rows = _state(skill, part)
    more: list[Difference] = []
    yield more
    new_fields, new, new_rows = _state(Skill.objects.get(pk=skill.pk), part)
    more += follow(skill, renames_between(old_rows, new_rows))
    found = _changed_fields(old_fields, new_fields) + differences(old, new) + more
    if found:
        removes = any((one.kind, one.what) in _KEPT_KINDS for one in found)
        _refuse_edited_catalogs(old_rows, new_rows)
        before = whole if part else old
        note(skill, found, before if removes else None, steps_back(old_rows, new_rows))


def _changed_fields(old: dict[str, str], new: dict[str, str]) -> list[Difference]:
    return [
        Difference("changed", name, "", name, old[name], new[name])
        for name in old
        if old[name] != new[name]
    ]


@contextmanager
def noted_whole(skill: Skill) -> Iterator[list[Difference]]:
    """Leave an entry of a block that replaces the whole document of ``skill``, which is locked.

    The entry keeps what was there before, and has no steps back: it comes back as a whole. What
    else the block changed it adds to the list.
    """
    old = export_interaction_model(skill)
    old = replace(old, extra=deepcopy(old.extra))
    more: list[Difference] = []
    yield more
    found = differences(old, export_interaction_model(Skill.objects.get(pk=skill.pk))) + more
    if found:
        note(skill, found, before=old)


@contextmanager
def noted_values(
    skill: Skill, slot_type: SlotType, new: SlotValues, old: InteractionModel
) -> Iterator[None]:
    """Leave an entry of a block that puts ``new`` values into ``slot_type``, like noted_whole.

    What they are is known, and that ``skill`` is ``old``, so of 50,000 none is read again.
    """
    yield
    fresh = SlotType.objects.get(pk=slot_type.pk)
    (before,) = (one for one in old.slot_types if one.name == slot_type.name)
    after = replace(before, values=tuple(new), extra=extra_of(fresh))
    found, counts = list_changes(before, after, MOST_DIFFERENCES)
    if found:
        note(skill, found, before=old, count=sum(counts.values()))


class FromCatalog(Exception):
    """Values that come from a catalog are changed there, not in a slot type."""

    def __init__(self, slot_type: str) -> None:
        super().__init__(
            f"The values of {slot_type} come from a catalog. Upload a new version there, or make "
            "them the slot type's own first."
        )


def _refuse_edited_catalogs(old: Rows, new: Rows) -> None:
    """Raise FromCatalog if a value was edited in a slot type that goes on to be of a catalog."""
    for key in old.values.keys() & new.values.keys():
        if key[0] != "slot type":
            continue
        before, after = old.fields(key), new.fields(key)
        same = all(before[one] == after[one] for one in ("catalog_id", "catalog_version"))
        if before["catalog_id"] is None or not same:
            continue
        if old.parts("value", key) != new.parts("value", key):
            raise FromCatalog(after["name"])


def _state(skill: Skill, part: Part | None) -> tuple[dict[str, str], InteractionModel, Rows]:
    parts = part() if part else parts_of(skill)
    model = model_of(skill, *parts)
    # Renaming writes into the dialog in place.
    fields = {"name": skill.name, "locale": skill.locale}
    return fields, replace(model, extra=deepcopy(model.extra)), rows_of(skill, *parts)


def changes_of(skill: Skill, *, by: str = "", kind: str = "") -> QuerySet[Change]:
    """Return the entries of ``skill``, newest first: all, or of one person, of one kind.

    Each with ``has_before`` and ``has_undo``, but without what is in those: up to a document.
    """
    found = skill.changes.select_related("user").defer("before", "undo")
    found = found.annotate(
        has_before=ExpressionWrapper(Q(before__isnull=False), BooleanField()),
        has_undo=ExpressionWrapper(Q(undo__isnull=False), BooleanField()),
    )
    if by:
        found = found.filter(user__username=by)
    return found.filter(kind=kind) if kind else found


def told(change: Change) -> str:
    """Return in a few words what ``change`` did."""
    found = [one for one in change.differences if one["what"] != "annotation set"]
    found = found or change.differences
    wholes = [one for one in found if one["what"] in ("intent", "slot type")]
    if wholes and {one["within"] for one in found} <= {one["name"] for one in wholes}:
        return "; ".join(map(_told, wholes[:3]))
    kinds = Counter((one["kind"], one["what"]) for one in found)
    kind, what = found[0]["kind"].capitalize(), _WORDS.get(found[0]["what"], found[0]["what"])
    if len(found) == 1:
        return _told(found[0])
    if len(kinds) == 1:
        return f"{kind} {change.count - len(change.differences) + len(found):,} {what}s"
    if kinds == {("removed", "sample"): 1, ("added", "sample"): 1}:
        old, new = found
        return f"Changed “{old['name']}” to “{new['name']}”"
    if len(found) <= _FEW:
        return "; ".join(map(_told, found))
    return f"{change.count:,} changes"


def _told(one: dict[str, Any]) -> str:
    what = _WORDS.get(one["what"], one["what"])
    if one["kind"] == "renamed":
        return f"Renamed {what} “{one['before']}” to “{one['after']}”"
    if (one["kind"], one["what"]) == ("changed", "sample"):
        return f"Changed “{one['before']}” to “{one['after']}”"
    return f"{one['kind'].capitalize()} {what} “{one['name']}”"


def names_in(skill: Skill) -> dict[str, set[str]]:
    """Return the names of the intents and slot types that are in ``skill``."""
    return {
        "intent": set(skill.intents.values_list("name", flat=True)),
        "slot type": set(skill.slot_types.values_list("name", flat=True)),
    }


def restorable(change: Change, present: dict[str, set[str]]) -> list[dict[str, Any]]:
    """Return what ``change``, if it kept what was before, removed and is not ``present``."""
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
