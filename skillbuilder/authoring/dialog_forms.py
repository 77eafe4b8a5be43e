"""Forms of the dialog of a slot and of an intent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from nlu_engine.dialog_model import (
    COMPARISONS,
    DURATIONS,
    SETS,
    STRATEGIES,
    VALIDATIONS,
    IntentDialog,
    SlotDialog,
    Validation,
)
from skillbuilder.authoring.dialogs import SlotSettings
from skillbuilder.authoring.forms import stamp_field, storable
from skillbuilder.authoring.sample_lines import Refused, checked

MAX_PROMPT = 8_000
MAX_VARIATIONS = 50
MAX_VALIDATIONS = 20
LABELS = {
    "hasEntityResolutionMatch": "is one of the slot type's values or synonyms",
    "isInSet": "is one of these",
    "isNotInSet": "is none of these",
    "isGreaterThan": "is greater, or later, than",
    "isGreaterThanOrEqualTo": "is at least",
    "isLessThan": "is less, or earlier, than",
    "isLessThanOrEqualTo": "is at most",
    "isInDuration": "is in the time between",
    "isNotInDuration": "is not in the time between",
}
_STRATEGY_LABELS = {
    "": "As the skill says",
    "ALWAYS": "Alexa asks",
    "SKILL_RESPONSE": "The skill's code asks",
}
_MOMENT = re.compile(r"-?P[\dYMWDTHS]+|\d{4}-\d\d-\d\d|\d\d:\d\d", re.I)


class LinesField(forms.CharField):
    """Several texts, one a line, as a tuple."""

    def __init__(self, most: int = MAX_VARIATIONS, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=200_000, **kwargs)
        self.most = most

    def clean(self, value: Any) -> tuple[str, ...]:
        lines = [" ".join(line.split()) for line in (super().clean(value) or "").splitlines()]
        texts = tuple(dict.fromkeys(storable(line) for line in lines if line))
        if len(texts) > self.most:
            raise ValidationError(f"At most {self.most} lines; these are {len(texts)}.")
        for text in texts:
            if len(text) > MAX_PROMPT:
                message = f"A line may have {MAX_PROMPT:,} characters, this one has {len(text):,}"
                raise ValidationError(f"{message}: {text[:60]}…")
        return texts


class ValidationForm(forms.Form):
    """A validation of a slot's value; without a type it is none."""

    type = forms.ChoiceField(
        required=False,
        choices=[("", "No validation"), *((key, LABELS[key]) for key in VALIDATIONS)],
    )
    values = LinesField(most=1_000)
    value = forms.CharField(required=False, max_length=200)
    start = forms.CharField(required=False, max_length=200)
    end = forms.CharField(required=False, max_length=200)
    prompts = LinesField()

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        kind = found.get("type")
        if not kind:
            return found
        if kind in SETS and not found.get("values"):
            self.add_error("values", "Write the values, one a line.")
        if kind in COMPARISONS and not found.get("value"):
            self.add_error("value", "Write the number, date or time to compare with.")
        for key in ("start", "end") if kind in DURATIONS else ():
            if not _MOMENT.fullmatch(found.get(key, "")):
                message = (
                    "Write a date (2030-01-31), a time (09:30), or a span from now (P3D, PT2H)."
                )
                self.add_error(key, message)
        if not found.get("prompts"):
            self.add_error("prompts", "Write what to ask when the value is refused.")
        return found

    @property
    def validation(self) -> Validation | None:
        """Return the validation, None if no type was chosen."""
        found = self.cleaned_data
        kind = found.get("type")
        if not kind:
            return None
        return Validation(
            kind,
            found["prompts"],
            found["values"] if kind in SETS else (),
            storable(found["value"]) if kind in COMPARISONS else "",
            *((found["start"], found["end"]) if kind in DURATIONS else ("", "")),
        )


def _initial(one: Validation) -> dict[str, Any]:
    return {
        "type": one.type,
        "values": "\n".join(one.values),
        "value": one.value,
        "start": one.start,
        "end": one.end,
        "prompts": "\n".join(one.prompts),
    }


# The page shows an empty one after the last that is filled.
Validations = forms.formset_factory(
    ValidationForm, extra=5, max_num=MAX_VALIDATIONS, validate_max=True, absolute_max=100
)


class SlotDialogForm(forms.Form):
    """What a dialog does about a slot."""

    stamp = stamp_field()
    is_required = forms.BooleanField(required=False)
    elicitation = LinesField()
    answers = LinesField(most=1_000)
    is_confirmed = forms.BooleanField(required=False)
    confirmation = LinesField()
    takes_several = forms.BooleanField(required=False)

    def __init__(self, *args: Any, locale: str, known: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale = locale
        self.known = frozenset(known)

    def clean_answers(self) -> tuple[str, ...]:
        """Check the answers that are new; what was imported stays as it came."""
        found = self.cleaned_data["answers"]
        try:
            return tuple(
                text if text in self.known else checked(text, self.locale) for text in found
            )
        except Refused as refused:
            raise ValidationError(str(refused)) from refused

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("is_required") and not found.get("elicitation"):
            self.add_error("elicitation", "Write what to ask, or the slot cannot be required.")
        if found.get("is_confirmed") and not found.get("confirmation"):
            self.add_error("confirmation", "Write what to ask before the value counts.")
        return found

    def settings(self, validations: Iterable[Validation]) -> SlotSettings:
        """Return what was written."""
        found = self.cleaned_data
        dialog = SlotDialog(
            is_required=found["is_required"],
            is_confirmed=found["is_confirmed"],
            elicitation=found["elicitation"],
            confirmation=found["confirmation"],
            validations=tuple(validations),
        )
        return SlotSettings(dialog, found["takes_several"], found["answers"])


def slot_initial(settings: SlotSettings) -> dict[str, Any]:
    """Return what a form shows of ``settings``."""
    dialog = settings.dialog
    return {
        "is_required": dialog.is_required,
        "is_confirmed": dialog.is_confirmed,
        "elicitation": "\n".join(dialog.elicitation),
        "confirmation": "\n".join(dialog.confirmation),
        "answers": "\n".join(settings.answers),
        "takes_several": settings.takes_several,
    }


def validations_initial(settings: SlotSettings) -> list[dict[str, Any]]:
    """Return what the forms of the validations show of ``settings``."""
    return [_initial(one) for one in settings.dialog.validations if one.type in VALIDATIONS]


class IntentDialogForm(forms.Form):
    """What a dialog does about an intent."""

    stamp = stamp_field()
    is_confirmed = forms.BooleanField(required=False)
    confirmation = LinesField()
    strategy = forms.ChoiceField(
        required=False, choices=[(key, _STRATEGY_LABELS[key]) for key in ("", *STRATEGIES)]
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("is_confirmed") and not found.get("confirmation"):
            self.add_error("confirmation", "Write what to ask before the intent counts.")
        return found

    @property
    def dialog(self) -> IntentDialog:
        """Return what was written."""
        found = self.cleaned_data
        return IntentDialog(found["is_confirmed"], found["confirmation"], found["strategy"])


def intent_initial(dialog: IntentDialog) -> dict[str, Any]:
    """Return what a form shows of ``dialog``."""
    return {
        "is_confirmed": dialog.is_confirmed,
        "confirmation": "\n".join(dialog.confirmation),
        "strategy": dialog.strategy,
    }
