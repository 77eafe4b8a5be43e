"""From a claimed run's snapshot to a published artifact. Knows no queue."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings

from nlu_engine.artifact import read_artifact, read_manifest, write_artifact
from nlu_engine.encodings import EncodingCache
from nlu_engine.errors import TrainingCancelled
from nlu_engine.frames import AnnotatedUtterance
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.metrics import frame_accuracy
from nlu_engine.parsers import ParserPair
from nlu_engine.quality import expected_seconds
from nlu_engine.training import train_parsers
from nlu_engine.training_data import TrainingData
from skillbuilder.training import full_tier, runs, storage
from skillbuilder.training.budget import spent
from skillbuilder.training.leases import KeptLease
from skillbuilder.training.models import FullTier, TrainingRun
from skillbuilder.training.progress import STEPS, StepReport

log = logging.getLogger(__name__)

# Of the whole bar, what is done before and after training.
VALIDATED, TRAINED, EVALUATED = 0.02, 0.92, 0.98
MOST_EVALUATED = 200
"""Of so many of its own utterances it is looked whether a new artifact parses them."""


def build(work: TrainingRun | FullTier) -> None:
    """Train both parsers of the claimed ``work``, publish them and make it ready.

    Raises TrainingCancelled when the work is cancelled or lost meanwhile, else whatever
    the engine raises.
    """
    started = time.monotonic()
    log.info("%s of skill %s: attempt %s", work.pk, work.skill.slug, work.attempts)
    with KeptLease(work) as lease:
        report = StepReport(work, lease)
        published, measured = train_and_publish(work, report)
        report.end_step()
    notes = list(read_manifest(published)["notes"])
    metrics = {"train_seconds": round(time.monotonic() - started, 1), **measured}
    if not finish(work, notes, metrics):
        discard_if_over(work)
        raise TrainingCancelled(f"{work.pk} was cancelled or lost when it was about to finish.")
    log.info("%s of skill %s is ready: %s", work.pk, work.skill.slug, metrics)


def finish(work: TrainingRun | FullTier, notes: list[str], metrics: dict[str, Any]) -> bool:
    """Make ``work`` ready; False if it is no longer ours."""
    if isinstance(work, FullTier):
        return full_tier.finish(work, is_judged=runs.is_judged(work.run), metrics=metrics)
    return runs.finish(work, notes=notes, metrics=metrics)


def train_and_publish(
    work: TrainingRun | FullTier, report: StepReport
) -> tuple[Path, dict[str, Any]]:
    """Do the steps from the snapshot to the artifact; return that and what was measured of it.

    Raises OverBudget if it costs more than a skill may.
    """
    report("validate", 0.0)
    run = work.version
    model = InteractionModel.from_stored(run.snapshot)
    data = TrainingData.from_interaction_model(model, locale=run.locale, seed=run.seed)
    intents = {one.frame.intent for one in data.utterances}
    report.note(f"{len(data.utterances):,} utterances of {len(intents):,} intents to learn from")
    encodings = EncodingCache(Path(settings.ENCODING_CACHE), settings.ENCODING_CACHE_BYTES)
    pair = train_parsers(
        data,
        encodings=encodings,
        tier="full" if isinstance(work, FullTier) else "quick",
        hurry=isinstance(work, TrainingRun),
        seed=run.seed,
        on_progress=lambda step, share: report(step, VALIDATED + share * (TRAINED - VALIDATED)),
    )
    if encodings.hits or encodings.misses:
        found, all_of_them = encodings.hits, encodings.hits + encodings.misses
        report.note(f"Of {all_of_them:,} utterances to encode, {found:,} were encoded before")
    report("evaluate", TRAINED)
    measured: dict[str, Any] = {}
    if isinstance(work, TrainingRun):
        measured["quality_seconds"] = quality_seconds(work, pair)

    def write(directory: Path) -> None:
        write_artifact(pair, directory)
        cost = spent(directory, [one.text for one in data.utterances])
        samples = tried(read_artifact(directory), data.utterances)
        measured.update(asdict(cost), samples=samples)
        report.note(
            "Of its own utterances {maxent_crf:.0%} (MaxEnt-CRF) and {neural:.0%} (DNN) "
            "are parsed right".format(**samples)
        )
        report("publish", EVALUATED)

    return storage.publish(work.pk, write), measured


def quality_seconds(run: TrainingRun, pair: ParserPair) -> dict[str, float]:
    """Return about how long it takes to measure the quality of ``run``, just trained in a hurry."""
    took = {name: float(run.steps.get(name, {}).get("seconds", 0.0)) for name in STEPS}
    maxent_crf = min(pair.manifest["train_seconds"]["maxent_crf"], took["train"])
    return expected_seconds(
        pair.manifest["utterances"],
        prepared=took["embed"] + took["calibrate"],
        neural=took["train"] - maxent_crf,
        maxent_crf=maxent_crf,
    )


def tried(pair: ParserPair, utterances: Sequence[AnnotatedUtterance]) -> dict[str, Any]:
    """Return ``{count, neural, maxent_crf}``: frame accuracies on some of the ``utterances``.

    They were learned from, so this tells that an artifact works, not how good it is.
    """
    chosen = utterances[:: max(1, -(-len(utterances) // MOST_EVALUATED))]
    texts = [one.text for one in chosen]
    found: dict[str, Any] = {"count": len(chosen)}
    for name in ("neural", "maxent_crf"):
        parses = getattr(pair, name).parse_many(texts)
        pairs = [(one.frame, parse.frame) for one, parse in zip(chosen, parses, strict=True)]
        found[name] = round(frame_accuracy(pairs), 4)
    return found


def discard_if_over(work: TrainingRun | FullTier) -> None:
    """Remove the artifact of what was cancelled, or deleted, while it was published.

    What was lost is another worker's by now.
    """
    rows = type(work)._default_manager.filter(pk=work.pk)
    if not rows.exclude(status__in=[work.Status.CANCELLED, work.Status.FAILED]).exists():
        storage.discard(work.pk)
