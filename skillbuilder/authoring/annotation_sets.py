"""Annotation sets as rows: made, filled, changed, each change whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction
from django.db.models import F, Max

from nlu_engine.annotations import MAX_ANNOTATIONS, Answer, annotation
from nlu_engine.annotations import Annotation as Expected
from nlu_engine.differences import Difference, Kind
from nlu_engine.utterances import normalize
from skillbuilder.authoring.editing import Conflict, locked, refuse_taken, unchanged
from skillbuilder.authoring.history import note
from skillbuilder.authoring.models import Annotation, AnnotationSet, SampleUtterance, Skill

MAX_SETS = 50
FIRST_NAME = "My annotations"
"""What the set is called that is made for the first annotation of a skill."""
_ROWS_AT_ONCE = 1_000


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
    rows = annotation_set.annotations.iterator(chunk_size=_ROWS_AT_ONCE)
    return [expected_of(row) for row in rows]


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
        refuse_taken(skill.annotation_sets.all(), name)
        if skill.annotation_sets.count() >= MAX_SETS:
            raise SetFull(f"A skill has at most {MAX_SETS} annotation sets. Delete one first.")
        made = skill.annotation_sets.create(name=name)
        _append(made, annotations)
        _note(skill, "added", name, after=counted(len(annotations)))
    return made


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
    """Delete the set with its annotations and results. Raises Conflict."""
    with transaction.atomic():
        skill = locked(annotation_set.skill)
        fresh = unchanged(annotation_set, seen)
        _note(skill, "removed", fresh.name, before=counted(fresh.annotations.count()))
        fresh.delete()


def replace_annotations(
    annotation_set: AnnotationSet, annotations: Sequence[Expected], seen: str | None = None
) -> None:
    """Put ``annotations`` in the place of all there are. Raises Conflict if ``seen`` is old."""
    with changing(annotation_set) as fresh:
        if seen is not None:
            unchanged(fresh, seen)
        before = counted(fresh.annotations.count())
        fresh.annotations.all().delete()
        _append(fresh, annotations)
        _note(fresh.skill, "changed", fresh.name, before, counted(len(annotations)))


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
    if rows.count() + len(new) > MAX_ANNOTATIONS:
        raise SetFull(f"A set has at most {MAX_ANNOTATIONS:,} annotations. Make a second one.")
    Annotation.objects.bulk_create(new, batch_size=_ROWS_AT_ONCE)


def counted(number: int) -> str:
    """Return "1 annotation", "2,000 annotations"."""
    return f"{number:,} annotation{'s'[: number != 1]}"


def _note(skill: Skill, kind: Kind, name: str, before: str = "", after: str = "") -> None:
    note(skill, [Difference(kind, "annotation set", "", name, before, after)])


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
    """Remove ``row`` from its set. Raises Conflict."""
    with changing(row.annotation_set):
        unchanged(row, seen).delete()


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
