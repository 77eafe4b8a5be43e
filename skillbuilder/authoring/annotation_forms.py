"""Forms of annotation sets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from nlu_engine.annotations import (
    MAX_NAME,
    MAX_SLOTS,
    MAX_UTTERANCE,
    Annotation,
    Answer,
    ExpectedSlot,
    annotation,
    moment_of,
    read_annotations,
    read_marked,
)
from nlu_engine.errors import InvalidAnnotationSet, Problem
from nlu_engine.templates import TemplateError
from nlu_engine.utterances import is_blank
from skillbuilder.authoring.forms import stamp_field, storable


class SetNameForm(forms.Form):
    """The name of an annotation set."""

    name = forms.CharField(max_length=120)

    def clean_name(self) -> str:
        return storable(self.cleaned_data["name"])


class SetSettingsForm(SetNameForm):
    """Name of a set, and the frame accuracy in percent that a version needs to go live."""

    threshold = forms.FloatField(required=False, min_value=0, max_value=100)
    stamp = stamp_field()

    def clean_threshold(self) -> float | None:
        percent = self.cleaned_data["threshold"]
        return None if percent is None else percent / 100


class UploadForm(forms.Form):
    """Annotations as a file or as text, in any format that read_annotations knows."""

    document = forms.CharField(required=False, strip=False)
    upload = forms.FileField(required=False)

    problems: tuple[Problem, ...] = ()
    annotations: list[Annotation] = []
    kept_text = ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        raw = self._raw()
        if not raw.strip():
            if self.is_needed:
                self.add_error("document", "Paste annotations here or choose a file.")
            return cleaned
        self.kept_text = raw[:200_000].decode("utf-8-sig", "replace")
        try:
            self.annotations = read_annotations(raw)
        except InvalidAnnotationSet as error:
            self.problems = error.problems
            self.add_error(None, "Nothing was stored, because of the problems below.")
        return cleaned

    is_needed = True

    def _raw(self) -> bytes:
        upload = self.cleaned_data.get("upload")
        if upload:
            return bytes(upload.read())
        text = self.cleaned_data.get("document") or ""
        return text.replace("\r\n", "\n").encode("utf-8", "surrogatepass")


class NewSetForm(UploadForm, SetNameForm):
    """A new set, empty or from a file."""

    is_needed = False


class FillForm(UploadForm):
    """A file whose annotations are added to a set, or replace what is in it."""

    how = forms.ChoiceField(choices=[("add", "Add"), ("replace", "Replace")])
    stamp = stamp_field()


class AnswerForm(forms.Form):
    """One accepted answer: the intent, the utterance with its slots marked, more by value."""

    intent = forms.CharField(max_length=MAX_NAME)
    text = forms.CharField(max_length=10 * MAX_UTTERANCE, strip=False)
    by_value = forms.CharField(max_length=10_000, required=False)

    def clean_intent(self) -> str:
        return storable(self.cleaned_data["intent"])

    def clean_text(self) -> str:
        text = storable(self.cleaned_data["text"])
        try:
            said, _ = read_marked(text)
        except TemplateError as error:
            raise ValidationError(str(error)) from error
        if is_blank(said):
            raise ValidationError("Write what is said.")
        if len(said) > MAX_UTTERANCE:
            raise ValidationError(f"An utterance has at most {MAX_UTTERANCE:,} characters.")
        return text

    def clean_by_value(self) -> list[ExpectedSlot]:
        slots = []
        for part in storable(self.cleaned_data["by_value"]).split(";"):
            name, _, value = (piece.strip() for piece in part.partition("="))
            if part.strip() and not (name and value):
                raise ValidationError(f"Write name=value; name=value, not {part.strip()[:60]}.")
            if value:
                slots.append(ExpectedSlot(name[:MAX_NAME], value))
        return slots[:MAX_SLOTS]

    @property
    def said(self) -> str:
        """The utterance, without marks."""
        return read_marked(self.cleaned_data["text"])[0]

    @property
    def answer(self) -> Answer:
        """The answer, its places those of ``said``."""
        _, slots = read_marked(self.cleaned_data["text"])
        more = self.cleaned_data["by_value"]
        return Answer(self.cleaned_data["intent"], (*slots, *more))

    def annotation(self) -> Annotation:
        """Return an annotation with this answer alone."""
        return annotation(self.said, [self.answer])


class EditAnswerForm(AnswerForm):
    """An accepted answer of an annotation that is there already."""

    stamp = stamp_field()
    number = forms.IntegerField(min_value=0, max_value=1_000)


class WhenForm(forms.Form):
    """The moment at which an utterance counts as said; empty: when it is evaluated."""

    reference_timestamp = forms.CharField(max_length=MAX_NAME, required=False)
    stamp = stamp_field()

    def clean_reference_timestamp(self) -> str:
        text = storable(self.cleaned_data["reference_timestamp"])
        if text and moment_of(text) is None:
            raise ValidationError(
                f"{text[:60]!r} is no moment in ISO 8601. Write it like 2026-01-31T09:00:00Z."
            )
        return text
