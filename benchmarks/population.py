"""Skills by the thousand, with rows and artifacts as real ones have them.

A few seeds, each an interaction model and what was trained from it, give patterns: documents with
other intents, samples and values left out. Every skill is a copy of a pattern under a name of its
own, with a version whose artifact is a copy of the seed's.
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

from nlu_engine.artifact import read_manifest
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.training_data import TrainingData

BATCH = 500
PATTERNS = 300
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


class Served(NamedTuple):
    """A skill that can be asked: its slug, the number of its owner, its seed."""

    slug: str
    owner: int
    seed: int


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


def insert(owners: Sequence[Any], made: Sequence[Pattern], numbers: range) -> list[uuid.UUID]:
    """Insert the skills of those numbers with everything in them; return their versions' keys."""
    from skillbuilder.authoring.models import Skill

    pairs = [(_skill(owners, made, number), made[number % len(made)]) for number in numbers]
    Skill.objects.bulk_create(skill for skill, _ in pairs)
    _insert_intents(pairs)
    _insert_slot_types(pairs)
    return _insert_runs(pairs)


def _skill(owners: Sequence[Any], made: Sequence[Pattern], number: int) -> Any:
    from skillbuilder.authoring.models import Skill

    pattern = made[number % len(made)]
    return Skill(
        owner=owners[number % len(owners)],
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


def _insert_runs(pairs: Sequence[tuple[Any, Pattern]]) -> list[uuid.UUID]:
    import nlu_engine
    from nlu_engine.embeddings import release_for
    from skillbuilder.training.models import TrainingRun

    rows = [
        TrainingRun(
            skill=skill,
            number=1,
            snapshot=pattern.snapshot,
            digest=pattern.digest,
            locale=pattern.seed.locale,
            engine_version=nlu_engine.__version__,
            embeddings=release_for(pattern.seed.locale),
            status=TrainingRun.Status.READY,
            progress=1.0,
            attempts=1,
            metrics=pattern.metrics,
        )
        for skill, pattern in pairs
    ]
    TrainingRun.objects.bulk_create(rows, batch_size=BATCH)
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
