"""Skills by the thousand, with rows and artifacts as real ones have them.

A few seeds, each an interaction model and what was trained from it, give patterns: documents with
other intents, samples and values left out. The first skills are made of one pattern each, all
others are copies of them under names of their own, made by the database. Each has a version whose
artifact is a copy of the seed's.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from django.core.management.color import no_style

from nlu_engine.artifact import read_manifest
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.training_data import TrainingData

BATCH = 500
PATTERNS = 250
UTTERANCES = 60
KEPT = 0.7
"""The share of a seed's intents, samples and values that a pattern keeps, on average."""


class Seed(NamedTuple):
    """What skills are made from."""

    name: str
    locale: str
    document: dict[str, Any]
    artifact: Path
    utterances: tuple[str, ...]


class Pattern(NamedTuple):
    """One interaction model, ready to be stored many times."""

    seed: Seed
    model: InteractionModel
    snapshot: dict[str, Any]
    digest: str
    metrics: dict[str, Any]


def read_seed(document: Path, artifact: Path) -> Seed:
    """Return the seed of an interaction model and the artifact that was trained from it."""
    manifest = read_manifest(artifact)
    content = json.loads(document.read_text(encoding="utf-8-sig"))
    model = InteractionModel.from_json(content)
    data = TrainingData.from_interaction_model(model, locale=manifest["locale"], seed=0)
    texts = [one.text for one in data.utterances]
    chosen = random.Random(0).sample(texts, min(UTTERANCES, len(texts)))
    return Seed(document.stem, manifest["locale"], content, artifact, tuple(chosen))


def patterns(seeds: Sequence[Seed], count: int) -> list[Pattern]:
    """Return ``count`` different interaction models, of each seed about as many."""
    found: dict[str, Pattern] = {}
    for number in range(50 * count):
        seed = seeds[number % len(seeds)]
        model = InteractionModel.from_json(_varied(seed.document, random.Random(number)))
        if not model.build_errors(seed.locale):
            size = sum(read_manifest(seed.artifact)["sizes"].values())
            made = Pattern(seed, model, model.to_json(), model.digest(), {"artifact_bytes": size})
            found.setdefault(made.digest, made)
        if len(found) == count:
            break
    return list(found.values())


def _varied(document: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Return ``document`` with some intents, samples and values left out, and no dialog."""
    varied = deepcopy(document)
    inner = varied.get("interactionModel", varied)
    for part in ("dialog", "prompts"):
        inner.pop(part, None)
    language = inner["languageModel"]
    builtin = [one for one in language["intents"] if one["name"].startswith("AMAZON.")]
    own = [one for one in language["intents"] if one not in builtin]
    own = _some(own, rng, least=2)
    for intent in own:
        intent["samples"] = _some(intent.get("samples", []), rng, least=2)
    used = {slot["type"] for intent in own for slot in intent.get("slots", [])}
    types = [one for one in language.get("types", []) if one["name"] in used]
    for slot_type in types:
        slot_type["values"] = _some(slot_type["values"], rng, least=3)
    language |= {"intents": own + builtin, "types": types}
    return varied


def _some(items: list[Any], rng: random.Random, least: int) -> list[Any]:
    kept = [item for item in items if rng.random() < KEPT]
    return kept if len(kept) >= least else items[:least]


# --- Rows ---------------------------------------------------------------------------------


def insert(owners: Sequence[Any], made: Sequence[Pattern]) -> None:
    """Insert a skill of each pattern, of an owner of its own, into a database without any."""
    from skillbuilder.authoring.models import Skill

    pairs = [(_skill(owners[number], one, number), one) for number, one in enumerate(made)]
    Skill.objects.bulk_create(skill for skill, _ in pairs)
    _insert_intents(pairs)
    _insert_slot_types(pairs)


def _skill(owner: Any, pattern: Pattern, number: int) -> Any:
    from skillbuilder.authoring.models import Skill

    return Skill(
        owner=owner,
        name=f"{pattern.model.invocation_name.title()[:80]} {number:06}",
        slug=slug_of(number),
        locale=pattern.seed.locale,
        invocation_name=pattern.model.invocation_name,
        layout=pattern.model.layout,
        extra=pattern.model.extra,
        revision=1,
    )


def slug_of(number: int) -> str:
    """Return the slug of the skill of that number."""
    return f"skill-{number:06}"


def _insert_intents(pairs: Sequence[tuple[Any, Pattern]]) -> None:
    from skillbuilder.authoring.models import Intent, SampleUtterance, Slot

    own = [
        (Intent(skill=skill, name=intent.name, position=position, extra=intent.extra), intent)
        for skill, pattern in pairs
        for position, intent in enumerate(pattern.model.intents)
    ]
    Intent.objects.bulk_create((row for row, _ in own), batch_size=5_000)
    Slot.objects.bulk_create(
        (
            Slot(intent=row, name=slot.name, type_name=slot.type, position=position)
            for row, intent in own
            for position, slot in enumerate(intent.slots)
        ),
        batch_size=5_000,
    )
    SampleUtterance.objects.bulk_create(
        (
            SampleUtterance(intent=row, text=text, position=position)
            for row, intent in own
            for position, text in enumerate(intent.samples)
        ),
        batch_size=5_000,
    )


def _insert_slot_types(pairs: Sequence[tuple[Any, Pattern]]) -> None:
    from skillbuilder.authoring.models import SlotType, SlotValue

    own = [
        (SlotType(skill=skill, name=kind.name, position=position, extra=kind.extra), kind)
        for skill, pattern in pairs
        for position, kind in enumerate(pattern.model.slot_types)
    ]
    SlotType.objects.bulk_create((row for row, _ in own), batch_size=5_000)
    SlotValue.objects.bulk_create(
        (
            SlotValue(
                slot_type=row,
                value=value.value,
                synonyms=list(value.synonyms),
                value_id=value.id or "",
                position=position,
            )
            for row, kind in own
            for position, value in enumerate(kind.values)
        ),
        batch_size=5_000,
    )


def multiply(patterns: int, skills: int) -> None:
    """Let the database copy what ``insert`` inserted until there are ``skills`` skills.

    The copy number k of a row has its key plus k times the highest key of its table.
    """
    from django.db import connection

    from skillbuilder.authoring import models

    copied = (
        models.Skill,
        models.Intent,
        models.Slot,
        models.SampleUtterance,
        models.SlotType,
        models.SlotValue,
    )
    with connection.cursor() as cursor:
        steps = {}
        for model in copied:
            cursor.execute(f"SELECT max(id) FROM {model._meta.db_table}")  # noqa: S608
            steps[model] = cursor.fetchone()[0] or 0
        for model in copied:
            cursor.execute(_copies(model, steps), {"copies": skills // patterns - 1})
        for statement in connection.ops.sequence_reset_sql(no_style(), copied):
            cursor.execute(statement)


def _copies(model: Any, steps: dict[Any, int]) -> str:
    """Return the statement that copies all rows of ``model``, each under a key of its own."""
    columns, values = [], []
    for field in model._meta.concrete_fields:
        if field.generated:
            continue
        step = steps[model] if field.primary_key else steps.get(field.related_model)
        columns.append(field.column)
        values.append(f"row.{field.column} + k * {step}" if step else f"row.{field.column}")
    if "slug" in columns:
        number = f"cast(1000000 + row.id - 1 + k * {steps[model]} AS text)"
        values[columns.index("slug")] = f"'skill-' || substr({number}, 2)"
        start = "substr(row.name, 1, length(row.name) - 6)"
        values[columns.index("name")] = f"{start} || substr({number}, 2)"
    table = model._meta.db_table
    counted = "SELECT 1 UNION ALL SELECT k + 1 FROM copy WHERE k < %(copies)s"
    copies = f"WITH RECURSIVE copy(k) AS ({counted})"
    chosen = f"SELECT {', '.join(values)} FROM copy, {table} AS row WHERE %(copies)s > 0"  # noqa: S608
    return f"{copies} INSERT INTO {table} ({', '.join(columns)}) {chosen}"


def insert_versions(made: Sequence[Pattern], numbers: range) -> list[uuid.UUID]:
    """Insert a ready version of each skill of those numbers; return their keys."""
    from nlu_engine import __version__
    from nlu_engine.embeddings import release_for
    from skillbuilder.authoring.models import Skill
    from skillbuilder.training.models import TrainingRun

    slugs = [slug_of(number) for number in numbers]
    keys = dict(Skill.objects.filter(slug__in=slugs).values_list("slug", "pk"))
    rows = []
    for number, slug in zip(numbers, slugs, strict=True):
        pattern = made[number % len(made)]
        rows.append(
            TrainingRun(
                skill_id=keys[slug],
                number=1,
                snapshot=pattern.snapshot,
                digest=pattern.digest,
                locale=pattern.seed.locale,
                engine_version=__version__,
                embeddings=release_for(pattern.seed.locale),
                status=TrainingRun.Status.READY,
                progress=1.0,
                attempts=1,
                metrics=pattern.metrics,
            )
        )
    TrainingRun.objects.bulk_create(rows)
    return [row.pk for row in rows]


# --- Artifacts ----------------------------------------------------------------------------


def publish_copies(
    keys: Sequence[uuid.UUID], made: Sequence[Pattern], first: int, *, linked: bool
) -> None:
    """Publish the artifact of each version: its seed's, copied or hard linked."""
    from skillbuilder.training import storage

    copy: Callable[[Any, Any], Any] = os.link if linked else shutil.copyfile
    for number, key in enumerate(keys, start=first):
        source = made[number % len(made)].seed.artifact
        storage.publish(key, partial(shutil.copytree, source, copy_function=copy))


def files_in(folder: Path) -> Iterator[os.stat_result]:
    """Yield the facts of every file below ``folder``, folders too."""
    for entry in os.scandir(folder):
        yield entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            yield from files_in(Path(entry.path))


def disk_use(folder: Path) -> dict[str, int]:
    """Return the bytes of the files below ``folder``, as written and as they lie on the disk.

    ``apparent_bytes`` counts a file that is linked twice twice, ``real_bytes`` counts the blocks
    of each once; ``unshared_bytes`` are the blocks that it would take without links.
    """
    apparent = unshared = real = 0
    seen: set[int] = set()
    for facts in files_in(folder):
        apparent += facts.st_size
        unshared += 512 * facts.st_blocks
        if facts.st_ino not in seen:
            seen.add(facts.st_ino)
            real += 512 * facts.st_blocks
    return {"apparent_bytes": apparent, "unshared_bytes": unshared, "real_bytes": real}
