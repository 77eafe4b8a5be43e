"""Everything that can go wrong in the engine.

    EngineError                     base; every message carries the offending value
      InvalidInteractionModel       .problems: all of them, each with its JSON path
      InvalidLabelledData           .problems: all of them, each with its line
      InvalidAnnotationSet          .problems: all of them, each with its path or line
      InvalidValueList              .problems: all of them, each with its line
      InvalidUtterance              an utterance that no parser accepts
      InvalidDialogueState          a state that no dialogue has
      EmbeddingsError               a shared embedding release is missing or damaged
      TrainingError
        NotEnoughData               no intent, or an intent without usable utterances
        TrainingDiverged            the loss stopped being finite
        TrainingCancelled           the caller asked to stop
      ArtifactError
        ArtifactMissing             no artifact at that place
        ArtifactCorrupt             a checksum or the structure is wrong
        IncompatibleArtifact        format, engine or embeddings differ from ours

Bad arguments from our own code are TypeError or ValueError, not EngineError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, with its place, the offending value and the fix.

    ``path`` is a JSON path ("$.interactionModel...") or, for JSON lines, "line 3".
    ``severity`` is "error" (refused) or "warning" (accepted, shown).
    """

    code: str
    path: str
    message: str
    value: Any = None
    fix: str = ""
    severity: str = "error"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form that the API, the CLI and the pages show."""
        return asdict(self)

    def __str__(self) -> str:
        fix = f" {self.fix}" if self.fix else ""
        return f"{self.path}: {self.message}{fix}"


class EngineError(Exception):
    """Base of all errors that the engine raises on purpose."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong in detail; empty where the message says it all."""
        return ()


class _WithProblems(EngineError):
    """An error that lists every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self._problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self._problems))

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self._problems


class InvalidInteractionModel(_WithProblems):
    """The document is not an interaction model that can be stored or built."""


class InvalidLabelledData(_WithProblems):
    """A line of labelled data is malformed."""


class InvalidDialogueState(EngineError):
    """A state of a dialogue that no dialogue answered with."""


class InvalidAnnotationSet(_WithProblems):
    """The file is not an annotation set that can be stored."""


class InvalidValueList(_WithProblems):
    """A line of a list of slot values is malformed."""


class InvalidUtterance(EngineError):
    """The utterance is empty, too long or not text."""


class EmbeddingsError(EngineError):
    """A shared embedding release is missing, damaged or of another format."""


class TrainingError(EngineError):
    """Training could not finish."""


class NotEnoughData(TrainingError):
    """There is no intent, or an intent has no usable utterance."""


class TrainingDiverged(TrainingError):
    """The loss stopped being finite."""


class TrainingCancelled(TrainingError):
    """The caller asked to stop."""


class ArtifactError(EngineError):
    """A trained artifact cannot be used."""


class ArtifactMissing(ArtifactError):
    """There is no artifact at that place."""


class ArtifactCorrupt(ArtifactError):
    """A checksum or the structure of the artifact is wrong."""


class IncompatibleArtifact(ArtifactError):
    """The artifact's format, engine or embeddings are not the ones of this engine."""
