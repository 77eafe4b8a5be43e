"""One turn of a dialogue with a skill: its latest ready run parses, its document asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill
from skillbuilder.training.artifacts import parse

if TYPE_CHECKING:
    from nlu_engine.dialogue import Dialogue, State, Turn
    from nlu_engine.frames import Parse

ParserName = Literal["neural", "maxent_crf"]
PARSERS: tuple[ParserName, ...] = ("neural", "maxent_crf")


def dialogue_of(skill: Skill) -> Dialogue:
    """Return the dialogues of ``skill`` as its document is now, built or not."""
    # Inside, so that pages without a dialogue start without numpy.
    from nlu_engine.dialogue import Dialogue

    return Dialogue(export_interaction_model(skill), skill.locale)


def converse(
    skill: Skill,
    state: State | None,
    utterance: str,
    *,
    reference: datetime | None = None,
    parser: ParserName = "neural",
) -> tuple[Turn, Parse]:
    """Return what comes of ``utterance``, and how ``parser`` parsed it.

    ``state`` None begins a dialogue. ``reference``: what "tomorrow" is relative to, now in
    UTC if None. Raises what ``artifacts.parse`` raises.
    """
    reference = reference or datetime.now(UTC)
    _, pair = parse(skill, utterance, reference)
    parsed: Parse = getattr(pair, parser)
    return dialogue_of(skill).turn(state, utterance, parsed, reference), parsed
