"""Annotation sets as rows: made, filled, changed, each change whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from nlu_engine.annotations import MAX_ANNOTATIONS, Answer, annotation
from nlu_engine.annotations import Annotation as Expected
from nlu_engine.differences import Difference, Kind
from nlu_engine.utterances import normalize
from skillbuilder.authoring.editing import Conflict, locked, refuse_taken, unchanged
from skillbuilder.authoring.history import note
from skillbuilder.authoring.models import Annotation, AnnotationSet, SampleUtterance, Skill

MAX_SETS = 50
KEPT_DELETED = 10
"""So many deleted sets of a skill, the last ones, can come back."""
FIRST_NAME = "My annotations"
"""What the set is called that is made for the first annotation of a skill."""
_ROWS_AT_ONCE = 1_000
_COLUMNS = Annotation._meta.concrete_fields


class SetFull(Exception):
    """The set, or the skill, would hold more than it may."""


@dataclass(frozen=True)
class AddedAnnotation:
    """What came of adding one: ``outcome``, the row that holds it, and a doubt if there is one.

    "known": the very same stands there; "other": the utterance does, with another answer.
    """

    outcome: Literal["added", "known", "other"]
    row: Annotation
    sample_of: str = ""


def expected_of(row: Annotation) -> Expected:
    """Return the annotation that ``row`` keeps."""
    answers = tuple(Answer.from_dict(answer) for answer in row.expected)
    return Expected(row.utterance, answers, row.reference_timestamp)


def expected_in(annotation_set: AnnotationSet) -> list[Expected]:
    """Return all annotations of the set, in order."""
    # Without a model's instance for each of thousands of rows.
    rows = annotation_set.annotations.values_list("utterance", "expected", "reference_timestamp")
    return [
        Expected(utterance, tuple(map(Answer.from_dict, answers)), timestamp)
        for utterance, answers, timestamp in rows.iterator(chunk_size=_ROWS_AT_ONCE)
    ]


def _fields(one: Expected) -> dict[str, Any]:
    return {
        "utterance": one.utterance,
        "expected": [answer.to_dict() for answer in one.answers],
        "intent": one.answers[0].intent,
        "reference_timestamp": one.reference_timestamp,
    }


# --- Sets ---------------------------------------------------------------------------------


@contextmanager
def changing(annotation_set: AnnotationSet) -> Iterator[AnnotationSet]:
    """Make the block one change of the set, one after the other. Raises Conflict if it is gone."""
    with transaction.atomic():
        locked(annotation_set.skill)
        fresh = AnnotationSet.objects.filter(pk=annotation_set.pk).first()
        if fresh is None:
            raise Conflict(None)
        yield fresh
        AnnotationSet.objects.filter(pk=fresh.pk).update(revision=F("revision") + 1)


def create_set(skill: Skill, name: str, annotations: Sequence[Expected] = ()) -> AnnotationSet:
    """Make a set of ``annotations``. Raises NameTaken, SetFull."""
    with transaction.atomic():
        skill = locked(skill)
        _refuse_more(skill, name)
        made = skill.annotation_sets.create(name=name)
        _append(made, annotations)
        _note(skill, "added", name, after=counted(len(annotations)))
    return made


def _refuse_more(skill: Skill, name: str) -> None:
    refuse_taken(skill.annotation_sets.all(), name)
    if skill.annotation_sets.count() >= MAX_SETS:
        raise SetFull(f"A skill has at most {MAX_SETS} annotation sets. Delete one first.")


def set_settings(
    annotation_set: AnnotationSet, seen: str, *, name: str, threshold: float | None
) -> None:
    """Rename the set, and say below which frame accuracy a version does not go live.

    Raises Conflict, NameTaken.
    """
    with transaction.atomic():
        skill = locked(annotation_set.skill)
        fresh = unchanged(annotation_set, seen)
        refuse_taken(skill.annotation_sets.all(), name, other_than=fresh)
        before = _settings_of(fresh)
        fresh.name, fresh.threshold = name, threshold
        fresh.save(update_fields=["name", "threshold"])
        if before != _settings_of(fresh):
            _note(skill, "changed", name, before, _settings_of(fresh))


def _settings_of(row: AnnotationSet) -> str:
    return row.name if row.threshold is None else f"{row.name}, at least {row.threshold:.1%}"


def delete_set(annotation_set: AnnotationSet, seen: str) -> None:
    """Delete the set; it can come back with its annotations and results. Raises Conflict."""
    with transaction.atomic():
        skill = locked(annotation_set.skill)
        _put_away(skill, unchanged(annotation_set, seen))


def put_back(skill: Skill, pk: int, *, deleted: bool) -> None:
    """Take the deletion of the set ``pk`` back, or with ``deleted`` delete it again.

    Raises Conflict if it is so already or gone for good, NameTaken, SetFull.
    """
    with transaction.atomic():
        skill = locked(skill)
        row = AnnotationSet.with_deleted.filter(skill=skill, pk=pk).first()
        if row is None or (row.deleted_at is not None) == deleted:
            raise Conflict(row)
        if deleted:
            return _put_away(skill, row)
        _refuse_more(skill, row.name)
        row.deleted_at = None
        row.save(update_fields=["deleted_at"])
        _note(skill, "added", row.name, after=_size_of(row), undo=_undo(row, deleted=True))


def _put_away(skill: Skill, row: AnnotationSet) -> None:
    row.deleted_at = timezone.now()
    row.save(update_fields=["deleted_at"])
    _note(skill, "removed", row.name, before=_size_of(row), undo=_undo(row, deleted=False))
    _forget_deleted(skill)


def _forget_deleted(skill: Skill) -> None:
    deleted = AnnotationSet.with_deleted.filter(skill=skill, deleted_at__isnull=False)
    newest = deleted.order_by("-deleted_at", "-pk").values_list("pk", flat=True)
    AnnotationSet.with_deleted.filter(pk__in=list(newest[KEPT_DELETED:])).delete()


def _undo(annotation_set: AnnotationSet, **step: Any) -> dict[str, Any]:
    """Return the step back (see undo.py): the set and what ``put_back`` or ``swap`` takes."""
    return {"annotation set": {"pk": annotation_set.pk, **step}}


def _size_of(row: AnnotationSet) -> str:
    return counted(row.annotations.count())


def replace_annotations(
    annotation_set: AnnotationSet, annotations: Sequence[Expected], seen: str | None = None
) -> None:
    """Put ``annotations`` in the place of all there are. Raises Conflict if ``seen`` is old.

    Those before are kept in a set that counts as deleted, so that they can come back.
    """
    with changing(annotation_set) as fresh:
        if seen is not None:
            unchanged(fresh, seen)
        before = AnnotationSet.with_deleted.create(
            skill=fresh.skill, name=fresh.name, deleted_at=timezone.now()
        )
        _append(before, annotations)
        _swap(fresh, before)
        _forget_deleted(fresh.skill)


def swap(skill: Skill, pk: int, other: int) -> None:
    """Give two sets of the skill each other's annotations. Raises Conflict if one is gone."""
    rows = AnnotationSet.with_deleted.filter(skill=skill).in_bulk([pk, other])
    if len(rows) < 2:
        raise Conflict(None)
    with changing(rows[pk]) as fresh:
        _swap(fresh, rows[other])


def _swap(one: AnnotationSet, other: AnnotationSet) -> None:
    before, after = _size_of(one), _size_of(other)
    mine = list(one.annotations.values_list("pk", flat=True))
    other.annotations.update(annotation_set=one)
    for start in range(0, len(mine), _ROWS_AT_ONCE):
        rows = Annotation.objects.filter(pk__in=mine[start : start + _ROWS_AT_ONCE])
        rows.update(annotation_set=other)
    _note(one.skill, "changed", one.name, before, after, undo=_undo(one, other=other.pk))


def add_annotations(annotation_set: AnnotationSet, annotations: Sequence[Expected]) -> int:
    """Add those of ``annotations`` that are new to the set; return how many. Raises SetFull."""
    with changing(annotation_set) as fresh:
        known = {_key(one) for one in expected_in(fresh)}
        new = [one for one in annotations if _key(one) not in known]
        before = fresh.annotations.count()
        _append(fresh, new)
        after = counted(before + len(new))
        if new:
            _note(fresh.skill, "changed", fresh.name, counted(before), after)
    return len(new)


def _key(one: Expected) -> tuple[str, tuple[Answer, ...]]:
    return normalize(one.utterance), one.answers


def _append(annotation_set: AnnotationSet, annotations: Iterable[Expected]) -> None:
    rows = annotation_set.annotations
    first = (rows.aggregate(last=Max("position"))["last"] or 0) + 1
    new = [
        Annotation(annotation_set=annotation_set, position=first + number, **_fields(one))
        for number, one in enumerate(annotations)
    ]
    _refuse_overflow(annotation_set, len(new))
    Annotation.objects.bulk_create(new, batch_size=_ROWS_AT_ONCE)


def _refuse_overflow(annotation_set: AnnotationSet, new: int) -> None:
    if annotation_set.annotations.count() + new > MAX_ANNOTATIONS:
        raise SetFull(f"A set has at most {MAX_ANNOTATIONS:,} annotations. Make a second one.")


def counted(number: int) -> str:
    """Return "1 annotation", "2,000 annotations"."""
    return f"{number:,} annotation{'s'[: number != 1]}"


def _note(
    skill: Skill,
    kind: Kind,
    name: str,
    before: str = "",
    after: str = "",
    undo: dict[str, Any] | None = None,
) -> None:
    found = Difference(kind, "annotation set", "", name, before, after)
    note(skill, [found], undo=undo)


# --- One annotation -----------------------------------------------------------------------


def add_annotation(annotation_set: AnnotationSet, new: Expected) -> AddedAnnotation:
    """Add one annotation, unless its utterance stands in the set already. Raises SetFull."""
    with changing(annotation_set) as fresh:
        said = normalize(new.utterance)
        rows = fresh.annotations.values_list("pk", "utterance")
        same = [pk for pk, utterance in rows.iterator() if normalize(utterance) == said]
        for row in fresh.annotations.filter(pk__in=same[:1]):
            accepted = expected_of(row).answers
            known = all(answer in accepted for answer in new.answers)
            return AddedAnnotation("known" if known else "other", row)
        _append(fresh, [new])
        row = fresh.annotations.get(position=fresh.annotations.aggregate(p=Max("position"))["p"])
    return AddedAnnotation("added", row, _sample_of(annotation_set.skill, said))


def _sample_of(skill: Skill, said: str) -> str:
    """Return the intent that has the utterance as a sample, "" if none has."""
    samples = SampleUtterance.objects.filter(intent__skill=skill, text__iexact=said)
    found = samples.select_related("intent").first()
    return found.intent.name if found else ""


def change_annotation(row: Annotation, seen: str, new: Expected) -> None:
    """Make ``row`` say ``new``. Raises Conflict."""
    with changing(row.annotation_set):
        fresh = unchanged(row, seen)
        for field, value in _fields(new).items():
            setattr(fresh, field, value)
        fresh.save(update_fields=list(_fields(new)))


def remove_annotation(row: Annotation, seen: str) -> None:
    """Remove ``row`` from its set; it can come back. Raises Conflict."""
    with changing(row.annotation_set) as annotation_set:
        fresh = unchanged(row, seen)
        fields = {field.attname: getattr(fresh, field.attname) for field in _COLUMNS}
        fresh.delete()
        removed = Difference("removed", "annotation", annotation_set.name, row.utterance)
        undo = _undo(annotation_set, row=fields)
        note(annotation_set.skill, [removed], undo=undo)


def put_back_annotation(skill: Skill, pk: int, fields: dict[str, Any]) -> None:
    """Put a removed annotation, all its fields, back into the set ``pk``.

    Raises Conflict if the set is gone or the annotation is back, SetFull.
    """
    found = AnnotationSet.objects.filter(skill=skill, pk=pk).first()
    if found is None or Annotation.objects.filter(pk=fields["id"]).exists():
        raise Conflict(found)
    with changing(found) as fresh:
        _refuse_overflow(fresh, 1)
        Annotation.objects.create(**fields)
        note(skill, [Difference("added", "annotation", fresh.name, fields["utterance"])])


def with_answer(before: Expected, number: int, utterance: str, answer: Answer | None) -> Expected:
    """Return ``before`` with the accepted answer ``number`` replaced, added, or removed if None.

    Raises ValueError where the answers would not be of one utterance, or none would be left.
    """
    answers = list(before.answers)
    if answer is None:
        del answers[number : number + 1]
        utterance = before.utterance
    else:
        answers[number : number + 1] = [answer]
    if not answers:
        raise ValueError("One accepted answer must stay. Remove the annotation instead.")
    if utterance != before.utterance and len(answers) > 1:
        raise ValueError(
            "All accepted answers are of one utterance. Keep its words here, "
            "or remove the other answers first."
        )
    return annotation(utterance, answers, before.reference_timestamp)
