"""Forms about skills as a whole: a new one, its settings, its document."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation.trans_real import parse_accept_lang_header

from nlu_engine.embeddings import service_for
from nlu_engine.errors import InvalidInteractionModel
from nlu_engine.interaction_model import LOCALES, InteractionModel
from skillbuilder.authoring.catalog_documents import resolved
from skillbuilder.authoring.forms import stamp_field, storable
from skillbuilder.authoring.import_export import read_upload
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.sample_skills import get_sample_skill, list_sample_skills
from skillbuilder.authoring.skills import check_name

_LANGUAGES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "nl": "Dutch",
    "pt": "Portuguese",
}
_SERVICES = {
    "first-class": "Shared embeddings, measured",
    "served": "Shared embeddings, not measured",
    "spelling": "No shared embeddings",
}


def locale_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the locales, those that the shared embeddings are made for first."""
    named = [(locale, f"{_LANGUAGES[locale[:2]]} ({locale})") for locale in LOCALES]
    return [
        (title, [pair for pair in named if service_for(pair[0]) == service])
        for service, title in _SERVICES.items()
    ]


def locale_in(text: str) -> str:
    """Return the locale of ours that a browser's list of languages asks for, else en-US."""
    for language, _ in parse_accept_lang_header(text):
        exact = [one for one in LOCALES if one.casefold() == language.casefold()]
        # Of a language without a country the country that is named like it: de is de-DE.
        if found := exact or [one for one in LOCALES if one == f"{language}-{language.upper()}"]:
            return found[0]
    return "en-US"


def languages_with_templates(locale: str) -> list[tuple[str, str, int]]:
    """Return the languages but that of ``locale`` with templates: name, a locale, how many."""
    found = Counter(one.locale for one in list_sample_skills() if locale not in one.locales)
    return [(_LANGUAGES[one[:2]], one, count) for one, count in found.items()]


def sample_skill_choices() -> list[tuple[str, str]]:
    """Return the templates that a new skill can start from."""
    return [(sample.key, sample.title) for sample in list_sample_skills()]


def with_value(form: forms.Form | forms.ModelForm, field: str, value: str) -> None:
    """Make the bound ``form`` show ``value`` in ``field``, and the rest as it was typed."""
    data = QueryDict(mutable=True)
    data.update({name: form.data[name] for name in form.data} | {field: value})
    form.data = data


class DocumentForm(forms.Form):
    """Alexa's JSON, pasted or as a file."""

    document = forms.CharField(required=False, strip=False)
    upload = forms.FileField(required=False)

    problems: tuple[Any, ...] = ()
    model: InteractionModel | None = None
    kept_text = ""
    """What was sent, the file too, as text: shown again when it was refused."""

    def raw(self) -> bytes:
        """Return what was sent, the file before the text; settings bound its size."""
        upload = self.cleaned_data.get("upload")
        if upload:
            upload.seek(0)
            return bytes(upload.read())
        # A browser sends every line break as two characters.
        text = self.cleaned_data.get("document") or ""
        return text.replace("\r\n", "\n").encode("utf-8", "surrogatepass")

    def read_model(self, locale: str) -> None:
        """Read the document into ``model``, or its problems into ``problems``."""
        raw = self.raw()
        self.kept_text = raw.decode("utf-8-sig", "replace")
        if not raw.strip():
            self.add_error("document", "Paste the JSON here or choose a file.")
            return
        try:
            self.model = read_upload(raw, locale)
        except InvalidInteractionModel as error:
            self._refuse(error)

    def _refuse(self, error: InvalidInteractionModel) -> None:
        self.problems = error.problems
        self.add_error(None, "Nothing was stored, because of the problems below.")

    def resolve(self, user: Any) -> bool:
        """Put the values of the catalogs that it names into ``model``; False if it is refused."""
        try:
            self.model = self.model and resolved(self.model, user)
        except InvalidInteractionModel as error:
            self._refuse(error)
            return False
        return True


class NewSkillForm(DocumentForm):
    """A new skill: from a template, from Alexa's JSON, or blank."""

    start = forms.ChoiceField(
        choices=[("template", "Template"), ("json", "Alexa JSON"), ("blank", "Blank")],
        initial="template",
    )
    name = forms.CharField(max_length=120, required=False)
    invocation_name = forms.CharField(max_length=200, required=False)
    # Without one a template has the locale that it was written for.
    locale = forms.ChoiceField(choices=locale_choices, initial="en-US", required=False)
    template = forms.ChoiceField(choices=sample_skill_choices, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start = cleaned.get("start")
        if start == "template":
            self._clean_template(cleaned)
        elif not cleaned.get("locale") and "locale" not in self.errors:
            self.add_error("locale", "Choose a locale.")
        elif start == "json" and cleaned.get("locale"):
            self.read_model(cleaned["locale"])
        in_document = self.model.invocation_name if self.model else ""
        spoken = cleaned.get("invocation_name") or in_document
        cleaned["name"] = cleaned.get("name") or named_after(spoken)
        wants_name = start == "blank" or self.model is not None
        if wants_name and not cleaned.get("name") and "name" not in self.errors:
            self.add_error("name", "Give the skill a name.")
        return cleaned

    def clean_name(self) -> str:
        name = storable(self.cleaned_data["name"])
        if name:
            check_name(name)
        return name

    def clean_invocation_name(self) -> str:
        return storable(self.cleaned_data["invocation_name"])

    def _clean_template(self, cleaned: dict[str, Any]) -> None:
        if not cleaned.get("template"):
            if "template" not in self.errors:
                self.add_error("template", "Choose a template.")
            return
        sample = get_sample_skill(cleaned["template"])
        cleaned["locale"] = locale = cleaned.get("locale") or sample.locale
        if locale not in sample.locales:
            listed = ", ".join(sample.locales)
            message = f"{sample.title} is not in {locale}: choose {listed}, or another template."
            self.add_error("template", message)
            return
        self.model = sample.written_in(locale)
        cleaned["name"] = cleaned.get("name") or sample.title


def named_after(invocation_name: str) -> str:
    """Return the name of a skill that is called by ``invocation_name``, "" if it makes none."""
    name = " ".join(invocation_name.split()).title()[:120]
    try:
        check_name(name)
    except ValidationError:
        return ""
    return name


class SkillForm(forms.ModelForm):
    """Name, invocation name and locale of a skill."""

    stamp = stamp_field()
    locale = forms.ChoiceField(choices=locale_choices)

    class Meta:
        model = Skill
        fields = ["name", "invocation_name", "locale"]

    def clean_name(self) -> str:
        name = storable(self.cleaned_data["name"])
        check_name(name)
        return name

    def clean_invocation_name(self) -> str:
        return storable(self.cleaned_data["invocation_name"])


class ReplaceForm(DocumentForm):
    """A document that replaces the one whose digest the page showed."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    # Whether people have seen what differs.
    is_reviewed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, locale: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale = locale

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "document" not in self.errors:
            self.read_model(self.locale)
        return cleaned
