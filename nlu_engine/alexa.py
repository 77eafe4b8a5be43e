"""The document as Alexa takes it: without what only skillbuilder knows of slot types."""

from __future__ import annotations

from dataclasses import replace

from nlu_engine.interaction_model import InteractionModel, SlotType, SlotValue
from nlu_engine.patterns import examples
from nlu_engine.type_settings import KEY

EXAMPLES_FOR_ALEXA = 20
"""Values that stand for the patterns of a slot type, which Alexa does not have."""


def for_alexa(model: InteractionModel) -> InteractionModel:
    """Return ``model`` without our own settings, which Alexa would refuse to take.

    A slot type that has patterns and no values gets examples of them as values: Alexa then
    takes other words for it too, but cannot tell which of them fit.
    """
    return replace(model, slot_types=tuple(map(_plain, model.slot_types)))


def _plain(slot_type: SlotType) -> SlotType:
    unknown = dict(slot_type.extra.get("unknown", {}))
    if KEY not in unknown:
        return slot_type
    del unknown[KEY]
    rest = {key: value for key, value in slot_type.extra.items() if key != "unknown"}
    extra = rest | ({"unknown": unknown} if unknown else {})
    values = slot_type.values
    if not values and slot_type.settings.patterns:
        made = examples(slot_type.settings.patterns, count=EXAMPLES_FOR_ALEXA)
        values = tuple(map(SlotValue, made))
    return replace(slot_type, values=values, extra=extra)
