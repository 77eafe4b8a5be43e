"""The parsers that this process has loaded, and parsing with them."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from django.conf import settings

from nlu_engine.errors import ArtifactCorrupt
from skillbuilder.authoring.models import Skill
from skillbuilder.training import serving, storage
from skillbuilder.training.parser_cache import ParserCache
from skillbuilder.training.runs import NotTrained, serving_run

if TYPE_CHECKING:
    from nlu_engine.explanation import Explainer
    from nlu_engine.parsers import ParsePair, ParserPair
    from skillbuilder.training.models import TrainingRun

EXPLAINERS = 16
"""Runs whose explainers a process keeps: few people ask why, of few skills."""


def _size(pair: ParserPair) -> int:
    from nlu_engine.artifact import loaded_bytes

    return loaded_bytes(pair.manifest)


_cache: ParserCache[ParserPair] = ParserCache(settings.PARSER_CACHE_BYTES, _size, serving.watch)
_explainers: ParserCache[Explainer] = ParserCache(EXPLAINERS, lambda explainer: 1)


def forget_parsers() -> None:
    """Forget all loaded parsers of this process."""
    _cache.clear()
    _explainers.clear()


def load_parsers(run: TrainingRun, tier: str = "") -> ParserPair:
    """Return both parsers of a ``tier`` of the ready ``run``, without it of that which answers.

    Raises ArtifactMissing, ArtifactCorrupt or IncompatibleArtifact.
    """
    serving.LIMIT.set(_cache.limit)
    key = run.artifact_of(tier) if tier else run.artifact_key
    return _cache.get(key, partial(_load, key))


def _load(run_id: uuid.UUID) -> ParserPair:
    # Inside, so that management commands and pages that do not parse start without it.
    from nlu_engine.artifact import read_artifact

    with serving.LOADS.time():
        try:
            return read_artifact(storage.readable(run_id))
        except ArtifactCorrupt:
            # It may be this host's copy alone that is damaged.
            again = storage.refetch(run_id)
            if again is None:
                raise
            return read_artifact(again)


def parse_by(run: TrainingRun, utterance: str, reference: datetime | None = None) -> ParsePair:
    """Parse ``utterance`` with the parsers of the ready ``run``, and take down how long it took.

    ``reference``: the moment that "tomorrow" is relative to, now in UTC if None.
    Raises InvalidUtterance and what load_parsers raises.
    """
    is_cold = run.artifact_key not in _cache
    with serving.parsing(serving.COLD if is_cold else serving.WARM):
        started = perf_counter()
        parsers = load_parsers(run)
        load_ms = 1000 * (perf_counter() - started) if is_cold else 0.0
        pair = parsers.parse(utterance, reference or datetime.now(UTC))
    return replace(pair, load_ms=load_ms)


def parse(
    skill: Skill, utterance: str, reference: datetime | None = None
) -> tuple[TrainingRun, ParsePair]:
    """Parse ``utterance`` with the run that ``skill`` parses with; return both.

    Raises NotTrained and what parse_by raises.
    """
    run = serving_run(skill)
    if run is None:
        raise NotTrained(skill)
    return run, parse_by(run, utterance, reference)


def explainer_of(run: TrainingRun) -> Explainer:
    """Return what explains the parses of the ready ``run``; raises what load_parsers raises."""
    from nlu_engine.explanation import Explainer
    from nlu_engine.interaction_model import InteractionModel

    def load() -> Explainer:
        pair, model = load_parsers(run), InteractionModel.from_stored(run.snapshot)
        return Explainer(pair, model, run.locale)

    return _explainers.get(run.artifact_key, load)
