"""The parse log of a skill: what programs had parsed, if its owner wants that kept.

Nothing is kept unless the owner asked for it, nothing longer than was chosen, and of slots
that are marked as sensitive no word: they are taken out before anything is stored. Words that
neither parser took for such a slot cannot be told from others, and are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Substr
from django.utils import timezone

from skillbuilder.authoring.models import Skill
from skillbuilder.training.models import LoggedParse, ParseLog, TrainingRun

if TYPE_CHECKING:
    from nlu_engine.frames import Parse, SlotSpan
    from nlu_engine.parsers import ParsePair

MOST = 50_000
"""Parses that are kept of a skill."""
LONGEST = 1_000
"""Characters of an utterance that is kept; longer ones are nobody's to review."""
RETENTION_DAYS = (1, 7, 30, 90)
# What means something in a sample.
_BRACES = str.maketrans({"{": "(", "}": ")", "|": "/", "\0": " "})
Review = LoggedParse.Review


def record(skill: Skill, run: TrainingRun, pair: ParsePair) -> None:
    """Keep ``pair``, parsed by ``run``, if ``skill`` has a parse log."""
    log = ParseLog.objects.filter(skill=skill).first()
    if log is None or len(pair.utterance) > LONGEST:
        return
    sensitive = sensitive_spans(pair, log.sensitive_slots)
    sample = as_kept(pair.neural, sensitive)
    LoggedParse.objects.create(
        skill=skill,
        run=run,
        said=said_of(sample, pair.neural.frame.intent),
        neural_sample=sample,
        maxent_crf_sample=as_kept(pair.maxent_crf, sensitive),
        neural_intent=pair.neural.frame.intent,
        maxent_crf_intent=pair.maxent_crf.frame.intent,
        neural_confidence=pair.neural.confidence,
        maxent_crf_confidence=pair.maxent_crf.confidence,
        differ=not pair.agree,
        doubt=1 - pair.neural.confidence + pair.intents_differ + 0.5 * pair.slots_differ,
        milliseconds=pair.neural_ms + pair.maxent_crf_ms,
    )


def said_of(sample: str, intent: str) -> str:
    """Return what stands for a sample and its intent, short enough for an index."""
    return hashlib.sha256(f"{intent}\n{sample}".encode(errors="replace")).hexdigest()[:32]


def sensitive_spans(pair: ParsePair, names: Iterable[str]) -> list[SlotSpan]:
    """Return what either parser took for one of the slots ``names``, none overlapping."""
    marked = set(names)
    parses = (pair.neural, pair.maxent_crf)
    both = [slot for parse in parses for slot in (*parse.frame.slots, *parse.refused)]
    found: list[SlotSpan] = []
    for slot in sorted((slot for slot in both if slot.name in marked), key=lambda slot: slot.start):
        if found and slot.start < found[-1].end:
            # Together they hide what each of them would.
            last = found.pop()
            end = max(last.end, slot.end)
            slot = type(last)(last.name, last.start, end, pair.utterance[last.start : end])
        found.append(slot)
    return found


def as_kept(parse: Parse, sensitive: list[SlotSpan]) -> str:
    """Return the utterance as a sample with its slots marked, the sensitive ones without words."""
    others = [
        slot
        for slot in parse.frame.slots
        if all(slot.end <= hidden.start or hidden.end <= slot.start for hidden in sensitive)
    ]
    text, end = "", 0
    for slot in sorted((*others, *sensitive), key=lambda slot: slot.start):
        words = "" if slot in sensitive else f"{slot.text.translate(_BRACES)}|"
        text += parse.utterance[end : slot.start].translate(_BRACES) + f"{{{words}{slot.name}}}"
        end = slot.end
    return text + parse.utterance[end:].translate(_BRACES)


# --- What is asked of it ------------------------------------------------------------------


def switch_on(skill: Skill, retention_days: int, sensitive_slots: list[str]) -> None:
    """Keep parses of ``skill`` from now on, and how; older ones go by the new time."""
    values = {"retention_days": retention_days, "sensitive_slots": sensitive_slots}
    ParseLog.objects.update_or_create(skill=skill, defaults=values)
    purge()


def switch_off(skill: Skill) -> None:
    """Keep nothing of ``skill`` any more, and delete what was kept."""
    with transaction.atomic():
        ParseLog.objects.filter(skill=skill).delete()
        skill.logged_parses.all().delete()


def purge() -> int:
    """Delete what was kept long enough, or is beyond MOST of a skill; return how many."""
    deleted = LoggedParse.objects.filter(skill__parse_log=None).delete()[0]
    for log in ParseLog.objects.select_related("skill"):
        rows = log.skill.logged_parses
        limit = timezone.now() - timedelta(days=log.retention_days)
        deleted += rows.filter(created_at__lt=limit).delete()[0]
        last = rows.order_by("-pk").values_list("pk", flat=True)[MOST : MOST + 1].first()
        if last is not None:
            deleted += rows.filter(pk__lte=last).delete()[0]
    return deleted


def queue(skill: Skill) -> QuerySet[LoggedParse]:
    """Return what waits for a review, the most doubtful first: the newest row of each utterance."""
    waiting = skill.logged_parses.filter(review=Review.OPEN)
    newer = waiting.filter(said=OuterRef("said"), pk__gt=OuterRef("pk")).order_by()
    return waiting.filter(~Exists(newer)).order_by("-doubt", "-pk")


def count_waiting(skill: Skill) -> int:
    """Return how many different utterances wait for a review."""
    waiting = skill.logged_parses.filter(review=Review.OPEN).order_by()
    return int(waiting.aggregate(count=Count("said", distinct=True))["count"])


def like(entry: LoggedParse) -> QuerySet[LoggedParse]:
    """Return ``entry`` and all that were answered just so."""
    return LoggedParse.objects.filter(skill=entry.skill_id, said=entry.said)


def reviewed(entry: LoggedParse, review: str) -> None:
    """Write down how ``entry``, and all that were answered just so, were judged."""
    like(entry).update(review=review)


def counts_by_intent(skill: Skill) -> list[tuple[str, int, int]]:
    """Return (intent, parses, those with a disagreement) of what is kept, the most said first."""
    rows = skill.logged_parses.order_by().values(name=F("neural_intent"))
    differing = Count("pk", filter=Q(differ=True))
    counted = rows.annotate(count=Count("pk"), differing=differing).order_by("-count", "name")
    return [(row["name"], row["count"], row["differing"]) for row in counted]


def counts_by_day(skill: Skill, first: date) -> dict[date, tuple[int, int]]:
    """Return (parses, those with a disagreement) of each day (UTC) from ``first`` that had any."""
    since = datetime.combine(first, time.min, UTC)
    # Both databases write a moment in UTC as text that begins with the day.
    day = Substr(Cast("created_at", CharField()), 1, 10)
    rows = skill.logged_parses.filter(created_at__gte=since).order_by().values(day=day)
    counted = rows.annotate(count=Count("pk"), differing=Count("pk", filter=Q(differ=True)))
    return {date.fromisoformat(row["day"]): (row["count"], row["differing"]) for row in counted}
