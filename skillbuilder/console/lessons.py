"""Teaching from a parse: the utterance with corrected spans becomes a sample of the right intent.

What would teach nothing is pointed out: a sample that is there already, one that the DNN
understands without it, one that another intent has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from nlu_engine.errors import EngineError
from nlu_engine.explanation import as_sample, bare_sample
from nlu_engine.frames import Parse
from nlu_engine.templates import TemplateError, parse_template
from nlu_engine.utterances import normalize
from skillbuilder.authoring.highlight import SlotColors, slot_colors
from skillbuilder.authoring.models import Intent, SampleUtterance, Skill, Slot
from skillbuilder.training.artifacts import explainer_of
from skillbuilder.training.runs import NotTrained, latest_ready_run

SURE = 0.9
"""Confidence from which the DNN needs no lesson."""
ALIKE = 0.97
"""Similarity from which two samples teach the same."""


@dataclass(frozen=True)
class Lesson:
    """The form that teaches ``utterance``: the sample as it stands, and the intent it is for."""

    utterance: str
    text: str
    intent: Intent | None
    intents: list[Intent]
    slots: list[Slot]
    colors: SlotColors
    remarks: list[str]

    @property
    def key(self) -> str:
        """What tells the fields of several lessons on a page apart."""
        return hashlib.sha256(self.utterance.encode(errors="replace")).hexdigest()[:8]


def teachable(skill: Skill) -> list[Intent]:
    """Return the intents that learn from samples: all but the built-in ones."""
    return [intent for intent in skill.intents.all() if not intent.is_builtin]


def lesson(skill: Skill, parse: Parse) -> Lesson:
    """Return the lesson that begins with what the DNN understood."""
    text = parse.utterance if parse.frame.intent.startswith("AMAZON.") else as_marked(parse)
    return lesson_of(skill, text, parse.frame.intent, parse.utterance)


def lesson_of(skill: Skill, text: str, intent_name: str, utterance: str = "") -> Lesson:
    """Return the lesson for ``intent_name``, or another intent where that learns nothing."""
    intents = teachable(skill)
    chosen = next((one for one in intents if one.name == intent_name), next(iter(intents), None))
    return lesson_for(skill, utterance, text, chosen)


def lesson_for(skill: Skill, utterance: str, text: str, intent: Intent | None) -> Lesson:
    """Return the lesson as somebody has changed it so far."""
    return Lesson(
        utterance,
        text,
        intent,
        teachable(skill),
        list(intent.slots.all()) if intent else [],
        slot_colors(skill),
        remarks(skill, intent, text, utterance) if intent else [],
    )


def parse_to_teach(skill: Skill, utterance: str) -> Parse:
    """Return what the DNN makes of ``utterance`` now.

    Raises NotTrained, InvalidUtterance and what load_parsers raises.
    """
    run = latest_ready_run(skill)
    if run is None:
        raise NotTrained(skill)
    return explainer_of(run).pair.neural.parse(utterance)


def as_marked(parse: Parse) -> str:
    """Return the utterance with its slots marked, "a {big|size} pizza": no word is lost."""
    text, end = "", 0
    for slot in sorted(parse.frame.slots, key=lambda slot: slot.start):
        text += parse.utterance[end : slot.start] + "{" + f"{slot.text}|{slot.name}" + "}"
        end = slot.end
    return text + parse.utterance[end:]


def opened(intent: Intent, sample: str) -> str:
    """Return ``sample`` with {slot} for those marked words that the slot's type lists.

    So the sample stands for all its values; words that it does not list stay as they were
    said, for they are what there is to learn. Raises TemplateError.
    """
    types = dict(intent.slots.values_list("name", "type_name"))
    text = ""
    for chunk in parse_template(sample):
        if not chunk.slot:
            text += chunk.text
        elif not chunk.text or is_listed(intent.skill, types.get(chunk.slot, ""), chunk.text):
            text += f"{{{chunk.slot}}}"
        else:
            text += f"{{{chunk.text}|{chunk.slot}}}"
    return text


def is_listed(skill: Skill, type_name: str, words: str) -> bool:
    """Return whether ``words`` are a value or synonym of the slot type; Alexa's list anything."""
    own = skill.slot_types.filter(name=type_name).first()
    if own is None:
        return type_name.startswith("AMAZON.")
    said = normalize(words)
    values = own.values.values_list("value", "synonyms")
    return any(said in map(normalize, map(str, (value, *others))) for value, others in values)


# --- What is pointed out ------------------------------------------------------------------


def elsewhere(intent: Intent, samples: list[str]) -> Intent | None:
    """Return another intent that has one of ``samples`` already."""
    wanted = {normalize(text) for text in samples}
    others = SampleUtterance.objects.filter(intent__skill=intent.skill).exclude(intent=intent)
    for sample in others.select_related("intent"):
        if normalize(sample.text) in wanted:
            return sample.intent
    return None


def remarks(skill: Skill, intent: Intent, sample: str, utterance: str) -> list[str]:
    """Return why ``sample`` would teach little, as far as the last build tells."""
    try:
        return list(_remarks(skill, intent, sample, said_by(sample) or utterance))
    except (EngineError, NotTrained, TemplateError):
        return []


def said_by(sample: str) -> str:
    """Return what ``sample`` says, "" if it has a {slot} without words; raises TemplateError."""
    chunks = parse_template(sample)
    return "".join(chunk.text for chunk in chunks) if all(one.text for one in chunks) else ""


def _remarks(skill: Skill, intent: Intent, sample: str, utterance: str) -> Iterator[str]:
    run = latest_ready_run(skill)
    if run is None:
        return
    explainer = explainer_of(run)
    parse = explainer.pair.neural.parse(utterance)
    is_so = parse.frame.intent == intent.name
    is_so = is_so and bare_sample(as_sample(parse)) == bare_sample(sample)
    if is_so and parse.confidence >= SURE:
        sure = f"{min(parse.confidence, 0.999) * 100:.1f} %"
        yield f"The DNN understands exactly this already, and is sure of it ({sure})."
    near = explainer.nearest.nearest_of(utterance, intent.name)
    if near and near.similarity >= ALIKE:
        yield f"The intent has nearly the same: “{near.sample}”."
