"""The dialogue: an intent is talked about, turn by turn, until it is fulfilled.

Nothing of it is kept here: the state goes to the page and comes back with the next utterance.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from nlu_engine.errors import (
    ArtifactError,
    EmbeddingsError,
    InvalidDialogueState,
    InvalidUtterance,
)
from skillbuilder.authoring.highlight import slot_colors
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.pages import show, skill_page
from skillbuilder.authoring.people import VIEWER
from skillbuilder.training.dialogues import PARSERS, ParserName, converse, dialogue_of
from skillbuilder.training.runs import NotTrained
from skillbuilder.training.state import build_state

if TYPE_CHECKING:
    from nlu_engine.dialogue import Dialogue, FilledSlot, State, Turn

MAX_OPENINGS = 5
PARSER_NAMES = {"neural": "DNN", "maxent_crf": "MaxEnt-CRF"}
_DOING = {
    "Dialog.ElicitSlot": "asks for",
    "Dialog.ConfirmSlot": "confirms",
    "Dialog.ConfirmIntent": "confirms the intent",
}


@dataclass(frozen=True)
class SlotRow:
    """A slot of the intent that is talked about; ``filled`` None while it is empty."""

    name: str
    color: int
    required: bool
    filled: FilledSlot | None
    asked: bool

    @property
    def resolved(self) -> bool:
        """Whether the value is something else than what was said."""
        return self.filled is not None and self.filled.value != self.filled.text


def slot_rows(skill: Skill, dialogue: Dialogue, state: State) -> list[SlotRow]:
    """Return the slots of the intent of ``state``, those of its dialog model first."""
    colors = slot_colors(skill)
    target = state.asked.targetSlot if state.asked else ""
    return [
        SlotRow(
            slot.name,
            colors[slot.name],
            slot.required,
            state.slot(slot.name),
            slot.name == target,
        )
        for slot in dialogue.slots_of(state.intent)
    ]


def openings(skill: Skill, dialogue: Dialogue) -> list[str]:
    """Return an utterance to begin each intent with that has a dialog, without slots if any."""
    wanted = skill.intents.filter(name__in=dialogue.intents).prefetch_related("samples")
    samples = (sorted(("{" in row.text, row.text) for row in i.samples.all()) for i in wanted)
    texts = (texts[0][1] for texts in samples if texts and not texts[0][0])
    return list(islice(texts, MAX_OPENINGS))


@require_http_methods(["GET", "POST"])
@skill_page(changing=VIEWER)
def skill_dialogue(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show the dialogue; a POST says something in it."""
    context: dict[str, Any] = {"tab": "console", "state": build_state(skill)}
    context["parsers"] = PARSER_NAMES
    status = 200
    if request.method == "POST":
        outcome, status = said(request, skill)
        context |= outcome
    elif context["state"].ready:
        context["openings"] = openings(skill, dialogue_of(skill))
    return show(
        request,
        skill,
        "console/dialogue.html",
        context,
        fragment="console/_turn.html" if request.method == "POST" else "",
        status=status,
    )


def said(request: HttpRequest, skill: Skill) -> tuple[dict[str, Any], int]:
    """Return what the page shows for the utterance that was sent, and the answer's status."""
    from nlu_engine.dialogue import read_state

    utterance, written = request.POST.get("utterance", ""), request.POST.get("dialogue", "")
    parser = parser_of(request)
    context = {"utterance": utterance, "written": written, "parser": parser}
    try:
        state = read_state(written)
        turn, parsed = converse(skill, state, utterance, parser=parser)
    except (InvalidUtterance, InvalidDialogueState, NotTrained) as error:
        return context | {"error": str(error)}, 422
    except (ArtifactError, EmbeddingsError) as error:
        return context | {"error": str(error), "build_again": True}, 409
    return context | {
        "turn": turn,
        "doing": doing(turn),
        "parse": parsed,
        "understood": parsed.frame.slots or parsed.frame.intent != turn.state.intent,
        "began": state is None or state.asked is None or state.intent != turn.state.intent,
        "rows": slot_rows(skill, dialogue_of(skill), turn.state),
        "written": json.dumps(turn.state.to_dict()) if turn.state.asked else "",
    }, 200


def parser_of(request: HttpRequest) -> ParserName:
    """Return the parser that the form asks for, the DNN if it names none."""
    asked = request.POST.get("parser")
    return next((name for name in PARSERS if name == asked), "neural")


def doing(turn: Turn) -> str:
    """Return what the skill does with its prompt, in words."""
    act = turn.state.asked
    return " ".join(filter(None, (_DOING[act.type], act.targetSlot))) if act else ""
