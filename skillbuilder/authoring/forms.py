"""What people type, checked before anything is stored.

Rules about the interaction model as a whole are not here: they are the engine's, and the
pages show what it finds. A form refuses only what makes no sense at its own place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from nlu_engine import builtins
from nlu_engine.documents import text_problems
from nlu_engine.errors import InvalidValueList, Problem
from nlu_engine.interaction_model import SlotValue
from nlu_engine.marking import MarkingError, mark, unmark
from nlu_engine.patterns import MAX_PATTERNS, BadPattern, are_too_large, check_pattern
from nlu_engine.templates import TemplateError
from nlu_engine.type_settings import TypeSettings
from nlu_engine.utterances import is_blank
from nlu_engine.value_lists import read_values
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.sample_lines import (
    MAX_LINES,
    MAX_SAMPLE_INPUT,
    Refused,
    checked,
    read_rows,
)
from skillbuilder.authoring.skills import check_name

MAX_VALUE_INPUT = 140

# Filled by rules rather than by a list of values; people look for these first.
_COMMON_TYPES = (
    "AMAZON.DATE",
    "AMAZON.TIME",
    "AMAZON.DURATION",
    "AMAZON.NUMBER",
    "AMAZON.FOUR_DIGIT_NUMBER",
    "AMAZON.Ordinal",
    "AMAZON.PhoneNumber",
    "AMAZON.AlphaNumeric",
    "AMAZON.SearchQuery",
)
TYPED = "?"
OTHER_TYPE = ("Any other of Alexa's", [(TYPED, "AMAZON.… by its name")])
"""The choice of a slot type that is typed: an AMAZON.* name that no list here has."""
_BUILT_IN_TYPE = re.compile(r"AMAZON\.[A-Za-z][A-Za-z0-9_]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def storable(text: str) -> str:
    """Return ``text`` if every database can store it, else raise ValidationError."""
    for problem in text_problems(text):
        raise ValidationError(f"{problem.message} {problem.fix}")
    return text


def first_error(form: forms.Form) -> str:
    """Return the first thing that is wrong with ``form``."""
    return next(str(message) for found in form.errors.values() for message in found)


def suggested_name(text: str) -> str:
    """Return the nearest allowed name: "order a pizza!" becomes "OrderAPizza"."""
    words = re.findall(r"[A-Za-z0-9_]+", text)
    return "".join(word[:1].upper() + word[1:] for word in words).lstrip("0123456789")


class NameField(forms.CharField):
    """A name of letters, digits and _, as the JSON of an interaction model needs it.

    ``builtin_names`` are the AMAZON.* names that are allowed too.
    """

    def __init__(self, *, builtin_names: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(max_length=200, **kwargs)
        self.builtin_names = builtin_names

    def clean(self, value: Any) -> Any:
        name = super().clean(value)
        if not name or _NAME.fullmatch(name) or name in self.builtin_names:
            return name
        suggestion = suggested_name(name)
        hint = f" How about {suggestion}?" if suggestion else ""
        raise ValidationError(
            f"A name has only letters A to Z, digits and _, and begins with a letter.{hint}"
        )


class SlotNameField(NameField):
    """The name of a slot; people may type its braces too."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").strip("{} ")


def stamp_field() -> forms.CharField:
    """Return the hidden field that says what the edited row was when it was shown."""
    return forms.CharField(widget=forms.HiddenInput, max_length=64)


# --- Names --------------------------------------------------------------------------------


class IntentNameForm(forms.Form):
    """The name of a new intent, our own or one of Alexa's."""

    name = NameField(builtin_names=builtins.INTENTS)


class SlotTypeNameForm(forms.Form):
    """The name of a new slot type; one of Alexa's to extend that."""

    name = NameField(builtin_names=builtins.SLOT_TYPES)


class RenameIntentForm(IntentNameForm):
    """Another name for an intent."""

    stamp = stamp_field()


class RenameSlotTypeForm(SlotTypeNameForm):
    """Another name for a slot type."""

    stamp = stamp_field()


class TypeSettingsForm(forms.Form):
    """What a slot type takes beside its values: patterns, one a line; whether it is closed."""

    is_closed = forms.BooleanField(required=False)
    patterns = forms.CharField(required=False, max_length=10_000, strip=False)

    def clean_patterns(self) -> tuple[str, ...]:
        lines = [line.strip() for line in self.cleaned_data["patterns"].splitlines()]
        found = [(number, line) for number, line in enumerate(lines, 1) if line]
        if len(found) > MAX_PATTERNS:
            message = f"At most {MAX_PATTERNS} patterns; these are {len(found)}. Join some by |."
            raise ValidationError(message)
        for number, line in found:
            try:
                check_pattern(storable(line))
            except BadPattern as error:
                raise ValidationError(f"Line {number}: {error} {error.fix}") from None
        patterns = tuple(dict.fromkeys(line for _, line in found))
        if patterns and are_too_large(patterns):
            raise ValidationError("Together the patterns take too much memory. Simplify them.")
        return patterns

    @property
    def settings(self) -> TypeSettings:
        """What was written, once it is valid."""
        return TypeSettings(self.cleaned_data["is_closed"], self.cleaned_data["patterns"])


class StoredTypeSettingsForm(TypeSettingsForm):
    """The same, to be stored."""

    stamp = stamp_field()


class StampForm(forms.Form):
    """Removes what was shown, if it still is what it was."""

    stamp = stamp_field()


class TransferForm(forms.Form):
    """An intent for another skill: its name there, and what to do where a slot type differs.

    ``seen`` is the digest of what was shown.
    """

    name = NameField(builtin_names=builtins.INTENTS)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    moves = forms.BooleanField(required=False)

    def __init__(self, *args: Any, differing: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.differing = list(differing)

    def clean(self) -> dict[str, Any]:
        """Read the choices, into ``copied_types`` the slot types to copy under another name."""
        found = self.cleaned_data
        chosen = {name: self.data.get(f"type-{name}", "") for name in self.differing}
        if missing := [name for name in chosen if chosen[name] not in ("theirs", "copy")]:
            raise ValidationError(f"Choose which {missing[0]} the copy gets: the values differ.")
        found["copied_types"] = [name for name in chosen if chosen[name] == "copy"]
        return found


# --- Samples and slots --------------------------------------------------------------------


class SamplesForm(forms.Form):
    """New sample utterances: one a line, or CSV, written or as a file; ``rows`` once it is clean.

    ``is_csv`` where each line names its intent.
    """

    text = forms.CharField(required=False, strip=False, max_length=1_000_000)
    file = forms.FileField(required=False)
    is_csv = False

    def clean_file(self) -> str:
        """Return the text of the file, "" without one."""
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            told = f"{file.name} is not text in UTF-8. Save it as CSV in UTF-8 and choose it again."
            raise ValidationError(told) from error

    def clean(self) -> dict[str, Any]:
        """Read the lines; a file takes the place of what is in the text field."""
        found = self.cleaned_data
        if self.errors:
            return found
        found["text"] = found["file"] or found["text"]
        found["rows"] = read_rows(found["text"], is_csv=self.is_csv)
        if not found["rows"]:
            raise ValidationError("This field is required: write a sample utterance.")
        return found


class ImportForm(SamplesForm):
    """Samples of several intents as CSV; with ``makes`` those that are not there are made."""

    makes = forms.BooleanField(required=False)
    is_csv = True


class SampleForm(forms.Form):
    """Another text for a sample utterance."""

    text = forms.CharField(max_length=100_000)
    stamp = stamp_field()

    def __init__(self, *args: Any, locale: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale = locale

    def clean_text(self) -> str:
        try:
            return checked(self.cleaned_data["text"], self.locale)
        except Refused as refused:
            raise ValidationError(str(refused)) from refused


class MarkForm(forms.Form):
    """A selection in a sample utterance that becomes ``slot``, or without one none any more.

    ``new_slot`` names one that need not be there yet.
    """

    text = forms.CharField(max_length=MAX_SAMPLE_INPUT, strip=False)
    start = forms.IntegerField(min_value=0, max_value=MAX_SAMPLE_INPUT)
    end = forms.IntegerField(min_value=0, max_value=MAX_SAMPLE_INPUT)
    slot = forms.CharField(max_length=200, required=False)
    new_slot = SlotNameField(required=False)

    def __init__(self, *args: Any, slots: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slots = frozenset(slots)

    def clean_text(self) -> str:
        return storable(self.cleaned_data["text"])

    def clean_slot(self) -> str:
        name: str = self.cleaned_data["slot"]
        if name and name not in self.slots:
            raise ValidationError(f"The slot {name} was removed meanwhile. Reload the page.")
        return name

    def clean(self) -> dict[str, Any]:
        """Do it, into ``marked``: the selection, back to front too, is of the text's own."""
        found = self.cleaned_data
        if self.errors:
            return found
        start, end = (min(found[key], len(found["text"])) for key in ("start", "end"))
        start, end = min(start, end), max(start, end)
        slot = found["new_slot"] or found["slot"]
        try:
            found["marked"] = (
                mark(found["text"], start, end, slot) if slot else unmark(found["text"], start, end)
            )
        except (MarkingError, TemplateError) as error:
            raise ValidationError(str(error)) from error
        return found


def slot_type_choices(
    own_types: Iterable[str], current: str = ""
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the slot types that a slot may have, in groups: the skill's own, and Alexa's."""
    own = [name for name in own_types if not name.startswith("AMAZON.")]
    common = [name for name in _COMMON_TYPES if name in builtins.SLOT_TYPES]
    lists = [name for name in builtins.SLOT_TYPES if name not in common]
    groups = [
        ("Slot types of this skill", own),
        ("Built in: numbers, times, phrases", common),
        ("Built in: lists", lists),
    ]
    if current and all(current not in names for _, names in groups):
        groups.append(("Not declared", [current]))
    return [(title, [(name, name) for name in names]) for title, names in groups if names]


class SlotForm(forms.Form):
    """A new slot of an intent; a slot type "+Name" is one that is made along with it."""

    name = SlotNameField()
    type_name = forms.ChoiceField()

    def __init__(self, *args: Any, skill: Skill, current: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = list(skill.slot_types.values_list("name", flat=True))
        field = cast(forms.ChoiceField, self.fields["type_name"])
        field.choices = [
            *new_type_choices(
                own, str(self["name"].value() or "") if "name" in self.fields else ""
            ),
            *slot_type_choices(own, current),
        ]


def new_type_choices(own: Iterable[str], slot_name: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the choice to make a slot type that is named like the slot, if that is free."""
    name = suggested_name(slot_name)
    if not name or name.casefold() in (other.casefold() for other in own):
        return []
    return [("New", [(f"+{name}", f"new slot type {name}")])]


class SlotTypeChoice(forms.ChoiceField):
    """A slot type that is chosen, or the name of any AMAZON.* type: Alexa has more than we know."""

    def valid_value(self, value: str) -> bool:
        return super().valid_value(value) or bool(_BUILT_IN_TYPE.fullmatch(value))


class SlotTypeOfSlotForm(SlotForm):
    """Another slot type for a slot; TYPED asks for a field to type its name in."""

    name = None  # type: ignore[assignment]
    type_name = SlotTypeChoice(
        error_messages={
            "invalid_choice": "%(value)s is no slot type of this skill, and no name of Alexa's: "
            "those are AMAZON. and letters, such as AMAZON.Festival."
        }
    )
    stamp = stamp_field()


class RenameSlotForm(forms.Form):
    """Another name for a slot."""

    name = SlotNameField()
    stamp = stamp_field()


# --- Slot values --------------------------------------------------------------------------


def split_synonyms(text: str) -> list[str]:
    """Return comma separated synonyms, each once, in order."""
    parts = (" ".join(part.split()) for part in re.split(r"[,\n،、]", text))
    return list(dict.fromkeys(part for part in parts if part))


def checked_value(text: str) -> str:
    """Return a value or synonym, or raise ValidationError."""
    storable(text)
    if len(text) > MAX_VALUE_INPUT:
        raise ValidationError(
            f"A value may have {MAX_VALUE_INPUT} characters, this one has {len(text)}: {text[:60]}…"
        )
    if text and is_blank(text):
        raise ValidationError("Nothing of this value can be seen. Write letters.")
    return text


class ValueForm(forms.Form):
    """A slot value with its synonyms and id."""

    value = forms.CharField(max_length=10_000)
    synonyms = forms.CharField(required=False, max_length=100_000)
    value_id = forms.CharField(required=False, max_length=200)

    def clean_value(self) -> str:
        return checked_value(" ".join(self.cleaned_data["value"].split()))

    def clean_synonyms(self) -> list[str]:
        synonyms = split_synonyms(self.cleaned_data["synonyms"])
        return [checked_value(synonym) for synonym in synonyms]

    def clean_value_id(self) -> str:
        return storable(self.cleaned_data["value_id"])


class EditValueForm(ValueForm):
    """A slot value that is there already."""

    stamp = stamp_field()


class ValuesForm(forms.Form):
    """Several slot values, one a line: "large: big, huge"."""

    lines = forms.CharField(max_length=1_000_000)

    def clean_lines(self) -> list[tuple[str, list[str]]]:
        lines = [line for line in self.cleaned_data["lines"].splitlines() if line.strip()]
        if len(lines) > MAX_LINES:
            raise ValidationError(f"At most {MAX_LINES:,} lines at once; these are {len(lines):,}.")
        return [self._pair(line) for line in lines]

    @staticmethod
    def _pair(line: str) -> tuple[str, list[str]]:
        value, _, synonyms = line.partition(":")
        value = checked_value(" ".join(value.split()))
        if not value:
            raise ValidationError(f"There is no value before the colon: {line[:60]}")
        return value, [checked_value(synonym) for synonym in split_synonyms(synonyms)]


class ValueListForm(forms.Form):
    """A list of slot values as CSV: pasted, or a file; added to the others, or instead of them."""

    mode = forms.ChoiceField(
        choices=[
            ("add", "Add to the values that are there"),
            ("replace", "Replace all values by the list"),
        ],
        initial="add",
        widget=forms.RadioSelect,
    )
    text = forms.CharField(required=False, strip=False)
    upload = forms.FileField(required=False)
    digest = forms.CharField(required=False, widget=forms.HiddenInput, max_length=64)
    is_reviewed = forms.BooleanField(required=False)

    values: tuple[SlotValue, ...] = ()
    problems: tuple[Problem, ...] = ()
    kept_text = ""
    """What was sent, the file too, as text."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        upload = cleaned.get("upload")
        raw = upload.read() if upload else cleaned.get("text", "").encode("utf-8", "replace")
        self.kept_text = raw.decode("utf-8-sig", "replace")
        if not raw.strip():
            self.add_error("text", "Paste the list here, or choose a file.")
            return cleaned
        try:
            self.values = read_values(raw)
        except InvalidValueList as error:
            self.problems = error.problems
            self.add_error(None, "Nothing was changed, because of the lines below.")
        return cleaned


class CatalogForm(forms.Form):
    """The name of a catalog."""

    name = forms.CharField(max_length=120)

    def clean_name(self) -> str:
        name = storable(" ".join(self.cleaned_data["name"].split()))
        check_name(name)
        return name


class CatalogListForm(ValueListForm):
    """A list that becomes the next version of a catalog; ``digest`` is the number seen."""

    note = forms.CharField(required=False, max_length=200)

    def clean_note(self) -> str:
        return storable(" ".join(self.cleaned_data["note"].split()))


class CatalogOfTypeForm(forms.Form):
    """Which version of which catalog a slot type takes its values from."""

    stamp = stamp_field()
    catalog = forms.UUIDField(required=False)
    version = forms.CharField(max_length=10)

    def clean_version(self) -> str:
        version: str = self.cleaned_data["version"]
        if version not in ("newest", "current", "none") and not version.isdecimal():
            raise ValidationError("Choose a version.")
        return version
