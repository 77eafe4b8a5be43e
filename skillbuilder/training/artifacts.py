"""The parsers that this process has loaded, and parsing with them."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from django.conf import settings

from skillbuilder.authoring.models import Skill
from skillbuilder.training.runs import NotTrained, latest_ready_run
from skillbuilder.training.storage import path_of

if TYPE_CHECKING:
    from nlu_engine.explanation import Explainer
    from nlu_engine.parsers import ParsePair, ParserPair
    from skillbuilder.training.models import TrainingRun

T = TypeVar("T")


class ParserCache(Generic[T]):
    """What was loaded last of runs, each once however many threads ask for it at once."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pairs: OrderedDict[uuid.UUID, T] = OrderedDict()
        self._loading: dict[uuid.UUID, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, run_id: uuid.UUID, load: Callable[[], T]) -> T:
        """Return what is kept of ``run_id``, by ``load`` if it is not here."""
        with self._lock:
            if (pair := self._hit(run_id)) is not None:
                return pair
            gate = self._loading.setdefault(run_id, threading.Lock())
        with gate:
            with self._lock:
                if (pair := self._hit(run_id)) is not None:
                    return pair
            pair = load()
            self._keep(run_id, pair)
            return pair

    def _hit(self, run_id: uuid.UUID) -> T | None:
        if run_id in self._pairs:
            self._pairs.move_to_end(run_id)
        return self._pairs.get(run_id)

    def _keep(self, run_id: uuid.UUID, pair: T) -> None:
        with self._lock:
            self._pairs[run_id] = pair
            self._loading.pop(run_id, None)
            while len(self._pairs) > self.size:
                self._pairs.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._pairs.clear()


_cache: ParserCache[ParserPair] = ParserCache(settings.PARSER_CACHE_SIZE)
_explainers: ParserCache[Explainer] = ParserCache(settings.PARSER_CACHE_SIZE)


def forget_parsers() -> None:
    """Forget all loaded parsers of this process."""
    _cache.clear()
    _explainers.clear()


def load_parsers(run: TrainingRun, tier: str = "") -> ParserPair:
    """Return both parsers of a ``tier`` of the ready ``run``, without it of that which answers.

    Raises ArtifactMissing, ArtifactCorrupt or IncompatibleArtifact.
    """
    # Inside, so that management commands and pages that do not parse start without it.
    from nlu_engine.artifact import read_artifact

    key = run.artifact_of(tier) if tier else run.artifact_key
    return _cache.get(key, lambda: read_artifact(path_of(key)))


def parse(
    skill: Skill, utterance: str, reference: datetime | None = None
) -> tuple[TrainingRun, ParsePair]:
    """Parse ``utterance`` with the run that ``skill`` parses with; return both.

    ``reference``: the moment that "tomorrow" is relative to, now in UTC if None.
    Raises NotTrained, InvalidUtterance, and what load_parsers raises.
    """
    run = latest_ready_run(skill)
    if run is None:
        raise NotTrained(skill)
    return run, load_parsers(run).parse(utterance, reference or datetime.now(UTC))


def explainer_of(run: TrainingRun) -> Explainer:
    """Return what explains the parses of the ready ``run``; raises what load_parsers raises."""
    from nlu_engine.explanation import Explainer
    from nlu_engine.interaction_model import InteractionModel

    def load() -> Explainer:
        pair, model = load_parsers(run), InteractionModel.from_json(run.snapshot)
        return Explainer(pair, model, run.locale)

    return _explainers.get(run.artifact_key, load)
