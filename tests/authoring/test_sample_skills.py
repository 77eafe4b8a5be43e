"""The bundled sample skills are complete, clean and worth learning from."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from nlu_engine.annotations import problems
from nlu_engine.checks import checks
from skillbuilder.authoring.sample_skills import (
    get_sample_skill,
    list_sample_skills,
    sample_skills_in,
)

SAMPLE_SKILLS = pytest.mark.parametrize("sample", list_sample_skills(), ids=lambda skill: skill.key)
PARAPHRASES = Path(__file__).parents[1] / "data" / "pizza_paraphrases.jsonl"


def custom_intents(model):
    return [intent for intent in model.intents if not intent.name.startswith("AMAZON.")]


IN_LOCALES = pytest.mark.parametrize(
    ("sample", "locale"),
    [(sample, locale) for sample in list_sample_skills() for locale in sample.locales],
    ids=lambda value: getattr(value, "key", value),
)


@IN_LOCALES
def test_has_no_problem_of_any_severity_in_any_of_its_locales(sample, locale):
    assert sample.written_in(locale).problems(locale) == []
    assert not any(one.severity == "error" for one in checks(sample.written_in(locale), locale))


def test_english_templates_are_for_all_english_locales_and_spelled_as_there():
    english = [one.key for one in sample_skills_in("en-US")]
    assert len(english) == 3
    for locale in ("en-GB", "en-IN", "en-AU", "en-CA"):
        assert [one.key for one in sample_skills_in(locale)] == english
    lights = get_sample_skill("smart_lights")
    assert "what color is the {lamp}" in str(lights.written_in("en-US").to_json())
    british = str(lights.written_in("en-GB").to_json())
    assert "what colour is the {lamp}" in british
    assert "{color}" in british and "AMAZON.Color" in british


def test_the_german_template_is_german():
    (sample,) = sample_skills_in("de-DE")
    said = " ".join(text for one in custom_intents(sample.model) for text in one.samples)
    assert {"ich", "nach", "eine", "für", "mit"} <= set(said.split())
    assert sample_skills_in("fr-FR") == []


@SAMPLE_SKILLS
def test_is_rich_enough_to_show_what_the_parsers_can_do(sample):
    intents = custom_intents(sample.model)
    slots = [slot for intent in intents for slot in intent.slots]

    assert len(intents) >= 5
    assert 80 <= sum(len(intent.samples) for intent in intents) <= 150
    assert any(slot.type.startswith("AMAZON.") for slot in slots)
    assert len(sample.model.intents) > len(intents)


@SAMPLE_SKILLS
def test_slot_types_have_ids_and_synonyms_and_are_all_used(sample):
    used = {slot.type for intent in sample.model.intents for slot in intent.slots}

    assert len(sample.model.slot_types) >= 4
    for slot_type in sample.model.slot_types:
        assert slot_type.name in used
        assert all(value.id for value in slot_type.values)
        assert any(value.synonyms for value in slot_type.values)


@SAMPLE_SKILLS
def test_samples_are_distinct_and_use_every_declared_slot(sample):
    intents = custom_intents(sample.model)
    samples = [text for intent in intents for text in intent.samples]

    assert len(samples) == len(set(samples))
    for intent in intents:
        mentioned = set(re.findall(r"\{(\w+)\}", " ".join(intent.samples)))
        assert mentioned == {slot.name for slot in intent.slots}, intent.name


def test_the_pizza_skill_brings_a_dialog_and_prompts():
    document = get_sample_skill("pizza_ordering").model.to_json()["interactionModel"]

    prompts = {prompt["id"] for prompt in document["prompts"]}
    asked = re.findall(r'"(?:elicitation|confirmation|prompt)": "([^"]+)"', json.dumps(document))
    assert asked
    assert set(asked) == prompts


def test_an_unknown_key_is_an_error():
    with pytest.raises(KeyError):
        get_sample_skill("no_such_skill")


def test_paraphrases_of_the_pizza_skill_are_labelled_exactly_and_say_it_in_new_words():
    model = get_sample_skill("pizza_ordering").model
    slots_of = {intent.name: {slot.name for slot in intent.slots} for intent in model.intents}
    samples = {text for intent in model.intents for text in intent.samples}
    lines = [json.loads(line) for line in PARAPHRASES.read_text().splitlines()]

    assert len(lines) >= 30
    for line in lines:
        assert line["text"] not in samples
        for slot in line["slots"]:
            assert line["text"][slot["start"] : slot["end"]] == slot["value"]
            assert slot["name"] in slots_of[line["intent"]]


def test_the_annotations_of_a_sample_skill_fit_it() -> None:
    sample = list_sample_skills()[0]
    assert len(sample.annotations) == 40
    assert problems(sample.annotations, sample.model) == []
