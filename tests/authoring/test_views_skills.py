"""The pages about whole skills: new, overview, settings, delete."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.sample_skills import list_sample_skills

NEW = "/skills/new"


# --- New ----------------------------------------------------------------------------------


def test_a_template_becomes_a_skill(browser: Client, alice: Any) -> None:
    sample = list_sample_skills()[0]
    answer = browser.post(NEW, {"start": "template", "template": sample.key, "name": ""})
    skill = Skill.objects.get(owner=alice)
    assert answer["Location"] == reverse("skill-detail", args=[skill.slug])
    assert (skill.name, skill.locale) == (sample.title, sample.locale)
    assert export_interaction_model(skill).digest() == sample.model.digest()


def test_a_template_is_made_in_the_locale_that_was_chosen(browser: Client, alice: Any) -> None:
    form = {"start": "template", "template": "smart_lights", "locale": "en-GB"}
    browser.post(NEW, form)
    skill = Skill.objects.get(owner=alice)
    assert skill.locale == "en-GB"
    assert skill.intents.filter(samples__text="what colour is the {lamp}").exists()


def test_a_template_of_another_language_is_refused(browser: Client) -> None:
    form = {"start": "template", "template": "bahnreise", "locale": "en-US"}
    answer = browser.post(NEW, form)
    assert answer.status_code == 422
    assert "Bahnreise is not in en-US: choose de-DE, or another template." in answer.text
    assert not Skill.objects.exists()


@pytest.mark.parametrize(
    ("accepted", "locale", "templates"),
    [
        ("de,en;q=0.8", "de-DE", ["bahnreise"]),
        ("en-gb", "en-GB", ["pizza_ordering", "trip_planning", "smart_lights"]),
        ("xx,*;q=0.5", "en-US", ["pizza_ordering", "trip_planning", "smart_lights"]),
        ("ja", "en-US", ["pizza_ordering", "trip_planning", "smart_lights"]),
    ],
)
def test_the_wizard_begins_with_the_browser_s_language(
    browser: Client, accepted: str, locale: str, templates: list[str]
) -> None:
    page = browser.get(NEW, headers={"accept-language": accepted})
    assert page.context["form"]["locale"].value() == locale
    assert [one.key for one in page.context["samples"]] == templates


def test_the_templates_follow_the_locale(browser: Client, client: Client) -> None:
    address = reverse("skill-templates")
    german = browser.get(address, {"locale": "de-DE", "template": "pizza_ordering"}).text
    assert 'value="bahnreise" checked' in german and "3 templates in English" in german
    british = browser.get(address, {"locale": "en-GB", "template": "smart_lights"}).text
    assert 'value="smart_lights" checked' in british and "1 template in German" in british
    french = browser.get(address, {"locale": "fr-FR"}).text
    assert "no template in this language yet" in french and "radio" not in french
    assert client.get(address, {"locale": "fr-FR"}).status_code == 302


def test_pasted_json_becomes_a_skill_named_after_its_invocation(
    browser: Client, alice: Any, tiny_document: dict[str, Any]
) -> None:
    text = json.dumps(tiny_document, indent=1).replace("\n", "\r\n")
    browser.post(NEW, {"start": "json", "locale": "en-GB", "document": text})
    skill = Skill.objects.get(owner=alice)
    assert (skill.name, skill.locale) == ("Tiny Kitchen", "en-GB")
    assert export_interaction_model(skill).to_json() == tiny_document


def test_an_invocation_name_that_cannot_be_seen_names_no_skill(
    browser: Client, tiny_document: dict[str, Any]
) -> None:
    tiny_document["interactionModel"]["languageModel"]["invocationName"] = "\u202e\u200b"
    form = {"start": "json", "locale": "en-US", "document": json.dumps(tiny_document)}
    answer = browser.post(NEW, form)
    assert answer.status_code == 422
    assert "Give the skill a name." in answer.content.decode()
    assert not Skill.objects.exists()


def test_an_uploaded_file_becomes_a_skill(
    browser: Client, alice: Any, tiny_document: dict[str, Any]
) -> None:
    upload = SimpleUploadedFile("m.json", b"\xef\xbb\xbf" + json.dumps(tiny_document).encode())
    browser.post(NEW, {"start": "json", "locale": "en-US", "name": "Mine", "upload": upload})
    assert Skill.objects.get(owner=alice).name == "Mine"


def test_a_blank_skill(browser: Client, alice: Any) -> None:
    browser.post(NEW, {"start": "blank", "name": "Küche 🍕", "locale": "de-DE"})
    skill = Skill.objects.get(owner=alice)
    assert (skill.name, skill.slug, skill.locale) == ("Küche 🍕", "kuche", "de-DE")


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"start": "blank", "name": " ", "locale": "en-US"}, "Give the skill a name."),
        ({"start": "blank", "name": "\u200b\u202e", "locale": "en-US"}, "can be seen"),
        ({"start": "blank", "name": "a\nb\x07", "locale": "en-US"}, "U+0007 U+000A"),
        ({"start": "blank", "name": "x" * 121, "locale": "en-US"}, "at most 120 characters"),
        ({"start": "blank", "name": "x", "locale": "xx-XX"}, "Select a valid choice"),
        ({"start": "template", "template": "nonsense"}, "Select a valid choice"),
        ({"start": "template"}, "Choose a template."),
        ({"start": "json", "locale": "en-US", "document": " "}, "Paste the JSON here"),
        ({"start": "json", "locale": "en-US", "document": "{not json"}, "line 1, column 2"),
        ({"start": "json", "locale": "en-US", "document": "[" * 100}, "more than 40 deep"),
        ({"start": "json", "locale": "en-US", "document": '{"intents": 7}'}, "$.intents"),
        ({"start": "json", "locale": "en-US", "document": '{"a": NaN}'}, "not a finite"),
    ],
)
def test_a_refused_new_skill_stores_nothing_and_says_why(
    browser: Client, form: dict[str, str], told: str
) -> None:
    answer = browser.post(NEW, form)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not Skill.objects.exists()


def test_all_problems_of_a_document_are_listed_and_its_text_is_kept(
    browser: Client, tiny_document: dict[str, Any]
) -> None:
    intents = tiny_document["interactionModel"]["languageModel"]["intents"]
    intents[0]["samples"] = ["order a {colour} pizza", "{"]
    intents[1]["name"] = "OrderPizza"
    text = json.dumps(tiny_document)
    answer = browser.post(NEW, {"start": "json", "locale": "en-US", "document": text})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "3 problems in the document" in page
    assert "intents[0].samples[0]" in page
    assert "Add &#x27;colour&#x27; to the slots" in page
    assert "intents[0].samples[1]" in page
    assert "intents[1].name" in page
    assert "order a {colour} pizza" in page.partition("<textarea")[2]
    assert not Skill.objects.exists()


def test_the_text_of_a_refused_file_is_kept_too(browser: Client) -> None:
    upload = SimpleUploadedFile("m.json", b'{"intents": "oops"}')
    answer = browser.post(NEW, {"start": "json", "locale": "en-US", "upload": upload})
    assert "oops" in answer.content.decode().partition("<textarea")[2]


def test_a_file_that_is_no_text(browser: Client) -> None:
    upload = SimpleUploadedFile("m.json", b"\xff\xfe\x00\x01")
    answer = browser.post(NEW, {"start": "json", "locale": "en-US", "upload": upload})
    assert answer.status_code == 422
    assert "not UTF-8" in answer.content.decode()


def test_a_document_that_is_too_big(browser: Client) -> None:
    text = '{"intents": [' + '"x",' * 400_000
    answer = browser.post(NEW, {"start": "json", "locale": "en-US", "document": text})
    assert answer.status_code == 422
    assert "at most 1,500,000 are accepted" in answer.content.decode()
    ten_megabytes = SimpleUploadedFile("m.json", b"[" + b" " * 10_000_000)
    answer = browser.post(NEW, {"start": "json", "locale": "en-US", "upload": ten_megabytes})
    assert answer.status_code == 413
    assert not Skill.objects.exists()


def test_the_page_says_what_a_locale_gets(browser: Client) -> None:
    page = browser.get(NEW).content.decode()
    measured, served, spelling = page.split("<optgroup")[1:4]
    assert all(f'value="{locale}"' in measured for locale in ("en-US", "en-IN", "de-DE"))
    assert all(f'value="{locale}"' in served for locale in ("en-AU", "ja-JP", "fr-CA"))
    assert 'value="ar-SA"' in spelling
    assert "no shared word embeddings" in page


@pytest.mark.parametrize(
    ("locale", "says"),
    [
        ("de-DE", None),
        ("fr-FR", "nothing was measured in fr-FR"),
        ("ar-SA", "ar-SA has no shared word embeddings"),
    ],
)
def test_a_skill_says_what_its_locale_gets(browser: Client, locale: str, says: str | None) -> None:
    browser.post(NEW, {"start": "blank", "name": "Corner shop", "locale": locale})
    page = " ".join(browser.get("/skills/corner-shop/").content.decode().split())
    if says is None:
        assert "shared word embeddings" not in page and "nothing was measured" not in page
    else:
        assert says in page


# --- Invocation name ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "stored"),
    [
        ({"start": "template", "template": "pizza_ordering"}, "pizza corner"),
        ({"start": "blank", "locale": "en-US"}, ""),
    ],
)
def test_an_invocation_name_is_the_template_s_until_one_is_typed(
    browser: Client, start: dict[str, str], stored: str
) -> None:
    browser.post(NEW, start | {"name": "Mine"})
    assert Skill.objects.get(name="Mine").invocation_name == stored
    browser.post(NEW, start | {"name": "Other", "invocation_name": "tiny corner"})
    other = Skill.objects.get(name="Other")
    assert other.invocation_name == "tiny corner"
    assert export_interaction_model(other).invocation_name == "tiny corner"


def test_an_invocation_name_replaces_the_document_s_and_names_the_skill(
    browser: Client, tiny_document: dict[str, Any]
) -> None:
    form = {"start": "json", "locale": "en-US", "document": json.dumps(tiny_document)}
    browser.post(NEW, form | {"invocation_name": "big kitchen"})
    skill = Skill.objects.get()
    assert (skill.name, skill.invocation_name) == ("Big Kitchen", "big kitchen")
    tiny_document["interactionModel"]["languageModel"]["invocationName"] = "big kitchen"
    assert export_interaction_model(skill).to_json() == tiny_document


def test_a_refused_new_skill_keeps_what_was_typed(browser: Client) -> None:
    form = {"start": "json", "locale": "de-DE", "document": "{", "name": "Küche"}
    page = browser.post(NEW, form | {"invocation_name": "kleine küche"}).content.decode()
    assert 'value="Küche"' in page and 'value="kleine küche"' in page
    assert '<option value="de-DE" selected>' in page
    assert 'id="start-json" checked' in page


@pytest.mark.parametrize(
    ("name", "locale", "told"),
    [
        ("pizza corner", "en-US", "Alexa takes <bdi>“pizza corner”</bdi>"),
        ("Pizza corner", "en-US", "Write &#x27;pizza corner&#x27;."),
        ("<b>x y", "en-US", "only letters, spaces"),
        ("the corner", "en-US", "no article"),
        ("the corner", "de-DE", "Alexa takes"),
        ("x" * 9_000, "nonsense", "2 to 50 characters"),
    ],
)
def test_an_invocation_name_is_checked_as_it_is_typed(
    browser: Client, name: str, locale: str, told: str
) -> None:
    query = {"invocation_name": name, "locale": locale}
    page = browser.get(reverse("invocation-name-check"), query).content.decode()
    assert told in page and "<b>" not in page and "<html" not in page


def test_no_invocation_name_is_nothing_to_complain_of(browser: Client) -> None:
    assert not browser.get(reverse("invocation-name-check")).content.strip()


# --- Overview -----------------------------------------------------------------------------


def test_the_overview_lists_what_is_there_and_what_to_do(browser: Client, skill: Skill) -> None:
    page = browser.get(reverse("skill-detail", args=[skill.slug])).content.decode()
    for shown in ("OrderPizza", "3 samples", "StopIntent", "Size", "2 values", "Not built yet"):
        assert shown in page
    assert "Too few in OrderPizza, OpeningHours." in page


def test_problems_link_to_their_place(browser: Client, skill: Skill) -> None:
    intent = skill.intents.get(name="OrderPizza")
    intent.samples.create(text="order a {colour} pizza", position=9)
    page = browser.get(reverse("skill-detail", args=[skill.slug])).content.decode()
    assert "1 problem to solve before a build" in page
    link = reverse("intent-detail", args=[skill.slug, intent.pk])
    assert f'<a href="{link}" class="problem-place"><bdi>OrderPizza</bdi></a>' in page
    assert "intents[0].samples[3]" in page
    row = page.partition(f'href="{link}">')[2].partition("</a>")[0]
    assert "one refuses a build" in row


def test_add_an_intent_and_a_slot_type(browser: Client, skill: Skill) -> None:
    answer = browser.post(reverse("intent-create", args=[skill.slug]), {"name": "CancelOrder"})
    added = skill.intents.get(name="CancelOrder")
    assert answer["Location"] == reverse("intent-detail", args=[skill.slug, added.pk])
    assert list(skill.intents.all())[-1] == added
    browser.post(reverse("intent-create", args=[skill.slug]), {"name": "AMAZON.HelpIntent"})
    assert skill.intents.get(name="AMAZON.HelpIntent").is_builtin
    answer = browser.post(reverse("slot-type-create", args=[skill.slug]), {"name": "Topping"})
    added_type = skill.slot_types.get(name="Topping")
    assert answer["Location"] == reverse("slot-type-detail", args=[skill.slug, added_type.pk])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "This field is required"),
        ("order a pizza!", "How about OrderAPizza?"),
        ("orderpizza", "There is OrderPizza already"),
        ("AMAZON.NonsenseIntent", "only letters A to Z"),
        ("a{b}", "only letters A to Z"),
        ("x" * 201, "at most 200 characters"),
        ("\x00", "Null characters are not allowed"),
    ],
)
@pytest.mark.parametrize("kind", ["intent", "slot-type"])
def test_a_refused_name_adds_nothing(
    browser: Client, skill: Skill, kind: str, name: str, told: str
) -> None:
    if kind == "slot-type":
        told = told.replace("OrderPizza already", "Size already")
        name = "SIZE" if name == "orderpizza" else name
    before = export_interaction_model(skill).digest()
    answer = browser.post(reverse(f"{kind}-create", args=[skill.slug]), {"name": name})
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert export_interaction_model(skill).digest() == before


# --- Settings, delete ---------------------------------------------------------------------


def settings_form(skill: Skill, **changes: str) -> dict[str, str]:
    values = {"name": skill.name, "invocation_name": "tiny kitchen", "locale": skill.locale}
    return values | {"stamp": stamp(skill)} | changes


def test_settings_are_saved(browser: Client, skill: Skill) -> None:
    address, revision = reverse("skill-settings", args=[skill.slug]), skill.revision
    form = settings_form(skill, name="Big", invocation_name="big kitchen", locale="de-DE")
    assert browser.post(address, form).status_code == 302
    skill.refresh_from_db()
    assert (skill.name, skill.invocation_name, skill.locale) == ("Big", "big kitchen", "de-DE")
    assert skill.revision == revision + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"name": "\u200b"},
        {"name": "a\tb"},
        {"locale": "xx"},
        {"invocation_name": "y" * 201},
    ],
)
def test_wrong_settings_change_nothing(
    browser: Client, skill: Skill, wrong: dict[str, str]
) -> None:
    address = reverse("skill-settings", args=[skill.slug])
    before = stamp(skill)
    assert browser.post(address, settings_form(skill, **wrong)).status_code == 422
    skill.refresh_from_db()
    assert stamp(skill) == before


def test_two_tabs_do_not_overwrite_each_others_settings(browser: Client, skill: Skill) -> None:
    address = reverse("skill-settings", args=[skill.slug])
    seen_by_both = settings_form(skill)
    browser.post(address, seen_by_both | {"name": "First tab"})
    answer = browser.post(address, seen_by_both | {"name": "Second tab"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Changed elsewhere" in page
    assert "First tab" in page
    assert 'value="Second tab"' in page
    skill.refresh_from_db()
    assert skill.name == "First tab"
    # Having seen it, a second click may replace it.
    browser.post(address, seen_by_both | {"name": "Second tab", "stamp": stamp(skill)})
    skill.refresh_from_db()
    assert skill.name == "Second tab"


def test_delete_asks_first(browser: Client, skill: Skill) -> None:
    address = reverse("skill-delete", args=[skill.slug])
    assert b"Delete" in browser.get(address).content
    assert Skill.objects.filter(pk=skill.pk).exists()
    assert browser.post(address, {"stamp": stamp(skill)}).status_code == 302
    assert not Skill.objects.filter(pk=skill.pk).exists()


def test_delete_of_what_has_changed_asks_again(browser: Client, skill: Skill) -> None:
    answer = browser.post(reverse("skill-delete", args=[skill.slug]), {"stamp": "old"})
    assert b"changed in the meantime" in answer.content
    assert Skill.objects.filter(pk=skill.pk).exists()
