"""What `make run` shows: a demo account, the sample skills, a first parse in the terminal."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from knox.crypto import hash_token
from knox.models import get_token_model

from nlu_engine.frames import Parse, SlotSpan
from nlu_engine.parsers import ParsePair
from skillbuilder.authoring.annotation_sets import create_set
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.sample_skills import (
    SampleSkill,
    list_sample_skills,
    sample_skills_in,
)
from skillbuilder.authoring.skills import create_skill
from skillbuilder.training import tried
from skillbuilder.training.artifacts import parse

USERNAME = "demo"
# "enormous", "pies", "eggplant" and "friends" are in no sample and no slot type of the first skill.
FIRST_UTTERANCE = "two enormous pies with eggplant for my friends"
MORE_UTTERANCES = (
    "a bottle of sparkling water please",
    "can i pick it up at half past seven",
    "is the driver lost or what",
    "hold the onions",
    "who won the football match",
    "could you get me two huge pizzas with mushrooms and olives",
)


def password_file() -> Path:
    """Return where the demo account's password lies."""
    return Path(settings.VAR) / "demo-password"


def token_file() -> Path:
    """Return where the demo account's API token lies."""
    return Path(settings.VAR) / "demo-token"


def demo_account() -> tuple[User, str]:
    """Return the demo account and its password; made the first time, kept from then on."""
    user, _ = get_user_model().objects.get_or_create(username=USERNAME)
    password = _content(password_file())
    if not user.check_password(password):
        password = secrets.token_urlsafe(9)
        user.set_password(password)
        user.save()
        _keep_private(password_file(), password)
    return user, password


def demo_token(user: User) -> str:
    """Return the demo account's API token; a new one if it is lost or was revoked."""
    token = _content(token_file())
    if not get_token_model().objects.filter(user=user, digest=hash_token(token)).exists():
        _, token = get_token_model().objects.create(user=user)
        _keep_private(token_file(), token)
    return token


def _content(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _keep_private(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, for its owner's eyes only from the first moment."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{text}\n")


def import_sample_skills(owner: User) -> list[Skill]:
    """Import the sample skills that are missing; return the new ones.

    One that is there already is left alone, whatever became of it.
    """
    missing = [
        sample
        for sample in sample_skills_in("en-US")
        if not Skill.with_binned.filter(slug=slug_of(sample)).exists()
    ]
    return [import_sample_skill(owner, sample) for sample in missing]


def import_sample_skill(owner: User, sample: SampleSkill) -> Skill:
    """Make a skill of ``sample``, with its annotation set if it has one."""
    skill = create_skill(
        owner, name=sample.title, locale=sample.locale, slug=slug_of(sample), model=sample.model
    )
    if sample.annotations:
        create_set(skill, "What customers say", sample.annotations)
    return skill


def slug_of(sample: SampleSkill) -> str:
    """Return the slug that ``sample`` is imported under."""
    return sample.key.replace("_", "-")


def first_skill(owner: User) -> Skill | None:
    """Return the demo account's first sample skill, or None if it is gone."""
    return Skill.objects.filter(owner=owner, slug=slug_of(list_sample_skills()[0])).first()


def try_utterances(owner: User, skill: Skill) -> None:
    """Have FIRST_UTTERANCE and others parsed as if typed in the console, if nothing was yet.

    So the console's earlier utterances have something to look at from the beginning.
    """
    if tried.tried_by(skill, owner).exists():
        return
    for text in (*MORE_UTTERANCES, FIRST_UTTERANCE):
        run, pair = parse(skill, text)
        tried.note(skill, owner, run, pair)


def side_by_side(pair: ParsePair) -> str:
    """Return both parses as a table for the terminal."""
    rows = list(_rows(pair))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["   ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _rows(pair: ParsePair) -> Iterator[tuple[str, str, str]]:
    parses = (pair.neural, pair.maxent_crf)
    yield "", "DNN", "MaxEnt-CRF"
    yield "intent", *(f"{parse.frame.intent} ({parse.confidence:.0%})" for parse in parses)  # type: ignore[misc]
    names = dict.fromkeys(slot.name for parse in parses for slot in parse.frame.slots)
    for name in names:
        yield name, *(_slots(parse, name) for parse in parses)  # type: ignore[misc]
    yield "time", f"{pair.neural_ms:.1f} ms", f"{pair.maxent_crf_ms:.1f} ms"


def _slots(parse: Parse, name: str) -> str:
    return ", ".join(_said(slot) for slot in parse.frame.slots if slot.name == name) or "-"


def _said(slot: SlotSpan) -> str:
    """Return what was said for the slot, and what it resolves to where that differs."""
    resolved = slot.value is not None and slot.value.casefold() != slot.text.casefold()
    return f"{slot.text} = {slot.value}" if resolved else slot.text
