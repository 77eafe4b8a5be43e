"""Rows and interaction models: what goes in comes out, and a refused import changes nothing."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from nlu_engine.errors import InvalidInteractionModel
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.import_export import (
    export_interaction_model,
    import_interaction_model,
    read_upload,
    refuse_errors,
)
from skillbuilder.authoring.models import Intent, SampleUtterance, Skill, SlotValue
from skillbuilder.authoring.skills import changed, create_skill

RICH: dict[str, Any] = {
    "version": "7",
    "interactionModel": {
        "languageModel": {
            "invocationName": "tiny kitchen",
            "modelConfiguration": {"fallbackIntentSensitivity": {"level": "LOW"}},
            "intents": [
                {
                    "name": "Zulu",
                    "generatedBy": "someone",
                    "slots": [
                        {
                            "name": "size",
                            "type": "Size",
                            "multipleValues": {"enabled": True},
                            "samples": ["{size}", "make it {size}"],
                        },
                        {"name": "day", "type": "AMAZON.DATE"},
                    ],
                    "samples": ["order {size}", "a {size} one on {day}", "order {size} again"],
                },
                {"name": "Alpha", "samples": ["hello", "hello there"]},
                {"name": "AMAZON.StopIntent", "samples": []},
            ],
            "types": [
                {
                    "name": "Size",
                    "values": [
                        {"id": "L", "name": {"value": "large", "synonyms": ["big", "huge"]}},
                        {"id": "", "name": {"value": "small"}, "note": {"deep": [1, None]}},
                        {"name": {"value": "ÅÄÖ 大きい 🍕", "synonyms": []}},
                    ],
                },
                {
                    "name": "Catalog",
                    "valueSupplier": {
                        "type": "CatalogValueSupplier",
                        "valueCatalog": {"catalogId": "amzn1.ask", "version": "3"},
                    },
                },
            ],
        },
        "dialog": {"intents": [{"name": "Zulu", "prompts": {}}], "delegationStrategy": "ALWAYS"},
        "prompts": [{"id": "Elicit.1", "variations": [{"type": "PlainText", "value": "Size?"}]}],
        "_nameFreeInteraction": {"ingressPoints": []},
    },
}


def stored(skill: Skill, document: Any) -> Any:
    """Import ``document`` and return what an export gives back."""
    import_interaction_model(skill, InteractionModel.from_json(document))
    return export_interaction_model(Skill.objects.get(pk=skill.pk)).to_json()


def layouts(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return ``document`` in each of the three layouts."""
    inner = document["interactionModel"]
    return [document, inner, inner["languageModel"]]


@pytest.mark.parametrize("layout", range(3))
def test_everything_survives_the_rows_in_every_layout(skill: Skill, layout: int) -> None:
    document = layouts(RICH)[layout]
    exported = stored(skill, deepcopy(document))
    assert exported == document
    language_model = exported
    for key in ("interactionModel", "languageModel"):
        language_model = language_model.get(key, language_model)
    # Equality of dicts says nothing of the order of lists' makers: rows must keep theirs.
    assert [intent["name"] for intent in language_model["intents"]] == [
        "Zulu",
        "Alpha",
        "AMAZON.StopIntent",
    ]


def test_an_import_replaces_everything_and_counts_as_one_change(skill: Skill) -> None:
    before = skill.revision
    stored(skill, RICH)
    stored(skill, RICH)
    skill.refresh_from_db()
    assert skill.revision == before + 2
    assert Intent.objects.filter(skill=skill).count() == 3
    assert SampleUtterance.objects.filter(intent__skill=skill).count() == 5
    assert SlotValue.objects.filter(slot_type__skill=skill).count() == 3


def test_the_digest_is_that_of_the_document(skill: Skill) -> None:
    model = InteractionModel.from_json(RICH)
    import_interaction_model(skill, model)
    assert export_interaction_model(skill).digest() == model.digest()


def test_an_import_that_fails_half_way_changes_nothing(skill: Skill) -> None:
    before = export_interaction_model(skill)
    broken = deepcopy(RICH)
    intents = broken["interactionModel"]["languageModel"]["intents"]
    intents.append(deepcopy(intents[0]))
    with pytest.raises(IntegrityError), transaction.atomic():
        stored(skill, broken)
    fresh = Skill.objects.get(pk=skill.pk)
    assert export_interaction_model(fresh) == before
    assert fresh.revision == skill.revision


def test_an_export_needs_few_queries(skill: Skill, django_assert_max_num_queries: Any) -> None:
    stored(skill, RICH)
    with django_assert_max_num_queries(5):
        export_interaction_model(skill)


def test_an_upload_that_breaks_a_rule_is_refused_with_its_path() -> None:
    raw = b'{"languageModel": {"invocationName": "x y", "intents": []}}'
    with pytest.raises(InvalidInteractionModel) as caught:
        read_upload(raw, "en-US")
    assert any(problem.path.startswith("$.languageModel") for problem in caught.value.problems)


def test_broken_json_is_refused_with_line_and_column() -> None:
    with pytest.raises(InvalidInteractionModel, match="line 2"):
        read_upload(b'{\n"intents": [}', "en-US")


def test_a_sound_model_passes(tiny_model: InteractionModel) -> None:
    refuse_errors(tiny_model, "en-US")


def test_changed_counts_every_change(skill: Skill) -> None:
    revision, updated_at = skill.revision, skill.updated_at
    changed(skill)
    assert skill.revision == revision + 1
    assert skill.updated_at > updated_at


# Names are unique in their list, as the constraints of the database want them.
_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
_name = st.from_regex(r"[A-Za-z_]{1,12}", fullmatch=True)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=5,
)
_unknown = st.dictionaries(st.sampled_from(["x-one", "generatedBy", "zwei"]), _json, max_size=2)


def _object(known: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    fixed = st.fixed_dictionaries(known, optional=optional)
    return st.builds(lambda unknown, rest: {**unknown, **rest}, _unknown, fixed)


def _named(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=3, unique_by=lambda item: item["name"])


_texts = st.lists(_text, max_size=3)
_slot = _object({"name": _name, "type": _name}, {"samples": _texts})
_intent = _object({"name": _name, "samples": _texts}, {"slots": _named(_slot)})
_value = _object({"name": _object({"value": _text}, {"synonyms": _texts})}, {"id": _name})
_type = _object({"name": _name}, {"values": st.lists(_value, max_size=3)})
_language_model = _object(
    {"invocationName": _text, "intents": _named(_intent)}, {"types": _named(_type)}
)


class TestRoundTrip(TestCase):
    """Whatever can be read can be stored and comes out as it went in."""

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(_language_model)
    def test_export_of_import_is_identity(self, language_model: dict[str, Any]) -> None:
        from django.contrib.auth.models import User

        document = {"interactionModel": {"languageModel": language_model}}
        owner = User.objects.create(username="alice")
        model = InteractionModel.from_json(document)
        skill = create_skill(owner, name="Any", locale="en-US", model=model)
        exported = export_interaction_model(Skill.objects.get(pk=skill.pk))
        assert exported.to_json() == document
        assert exported == model
