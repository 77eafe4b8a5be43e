"""Utterances to begin with."""

from __future__ import annotations

from itertools import islice

from nlu_engine import builtins
from nlu_engine.templates import TemplateError, parse_template
from skillbuilder.authoring.models import Intent, Skill

MAX_SUGGESTIONS = 5


def suggestions(skill: Skill) -> list[str]:
    """Return a few utterances to begin with: one of each of the first intents."""
    values = slot_values(skill)
    intents = skill.intents.exclude(name__startswith="AMAZON.").prefetch_related("samples", "slots")
    filled = (spoken(intent, number, values, skill.locale) for number, intent in enumerate(intents))
    return list(islice((text for text in filled if text), MAX_SUGGESTIONS))


def slot_values(skill: Skill) -> dict[str, list[str]]:
    """Return a few values of each own slot type."""
    types = skill.slot_types.prefetch_related("values")
    return {row.name: [value.value for value in row.values.all()][:8] for row in types}


def spoken(intent: Intent, number: int, values: dict[str, list[str]], locale: str) -> str:
    """Return a sample of ``intent`` with values in its slots, "" if there is none."""
    types = {slot.name: slot.type_name for slot in intent.slots.all()}
    # One with a slot shows more, a short one is easier to read.
    samples = sorted(
        intent.samples.all(), key=lambda row: ("{" not in row.text, not 12 <= len(row.text) <= 60)
    )
    for sample in islice(samples, 1):
        try:
            chunks = parse_template(sample.text)
        except TemplateError:
            return ""
        return "".join(
            chunk.text or one_of(types.get(chunk.slot, ""), number, values, locale)
            for chunk in chunks
        )
    return ""


def one_of(type_name: str, number: int, values: dict[str, list[str]], locale: str) -> str:
    """Return one value of a slot type, another one for another ``number``."""
    known = values.get(type_name) or builtins.sample_values(type_name, locale)
    return known[number % len(known)]
