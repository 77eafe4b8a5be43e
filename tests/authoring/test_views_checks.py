"""The Checks tab: list, filter, fix, dismiss and restore; the badges."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from nlu_engine.checks import Check
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring import undo
from skillbuilder.authoring.checking import all_checks, checked, checked_before
from skillbuilder.authoring.editing import add_samples
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Intent, Skill, SlotType
from skillbuilder.cache import JsonSerializer


def add(intent: Intent, text: str) -> None:
    intent.samples.create(text=text, position=99)


def texts(intent: Intent) -> list[str]:
    return list(intent.samples.values_list("text", flat=True))


def check_of(skill: Skill, code: str) -> Check:
    return next(check for check in checked(skill).shown if check.code == code)


def page_of(browser: Client, skill: Skill, **query: str) -> str:
    return browser.get(reverse("check-list", args=[skill.slug]), query).content.decode()


def fix(browser: Client, skill: Skill, check: Check, number: int = 0) -> str:
    """Press the button of ``check``; return the page that follows."""
    form = {"key": check.key, "fix": check.fixes[number].key}
    address = reverse("check-fix", args=[skill.slug])
    return browser.post(address, form, follow=True).content.decode()


def test_the_tab_lists_checks_with_place_value_and_fixes(
    browser: Client, skill: Skill, intent: Intent
) -> None:
    add(intent, "make it a large one")
    page = page_of(browser, skill)
    assert "“large” is plain here" in page
    assert reverse("intent-detail", args=[skill.slug, intent.pk]) in page
    assert "Write “make it a {size} one”" in page
    assert "has only 3 sample utterances" in page  # OpeningHours
    assert "of 50,000" in page


def test_checks_are_found_once_for_each_change(skill: Skill, intent: Intent) -> None:
    assert checked_before(skill) is None
    found = checked(skill)
    assert checked_before(skill) == found
    add_samples(intent, ["make it a large one"])
    skill.refresh_from_db()
    assert checked_before(skill) is None
    assert "not-annotated" in {check.code for check in checked(skill).shown}


def test_the_overview_of_a_skill_with_many_values_does_not_wait_for_its_checks(
    browser: Client, skill: Skill, intent: Intent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skillbuilder.authoring.skills.MANY_VALUES", 1)
    add_samples(intent, ["make it a large one"])
    overview, piece = (
        reverse(name, args=[skill.slug]) for name in ("skill-detail", "skill-problems")
    )
    page = browser.get(overview).text
    assert f'hx-get="{piece}"' in page and "is plain here" not in page
    found = browser.get(piece).text
    address = reverse("intent-detail", args=[skill.slug, intent.pk])
    assert "is plain here" in found and f'data-for="{address}"' in found
    page = browser.get(overview).text
    assert f'hx-get="{piece}"' not in page and "is plain here" in page


def test_what_the_cache_keeps_of_checks_is_json(skill: Skill, intent: Intent) -> None:
    add(intent, "order a {size} pizza")
    add(intent, "order a big pizza")
    model, json = export_interaction_model(skill), JsonSerializer()
    found = all_checks(model, "en-US")
    assert any(check.fixes for check in found)
    key = f"checks:en-US:{model.digest()}"
    cache.set(key, json.loads(json.dumps(cache.get(key))))
    assert all_checks(model, "en-US") == found
    assert json.loads(json.dumps(7)) == 7 and json.dumps(7) == b"7"  # what Redis counts on with


def test_filters(browser: Client, skill: Skill, intent: Intent) -> None:
    add(intent, "go to {nowhere}")
    assert "nowhere" in page_of(browser, skill, show="error")
    assert "has only 3" not in page_of(browser, skill, show="error")
    assert "has only 3" in page_of(browser, skill, show="warning")
    assert "None of these" in page_of(browser, skill, show="hint")


def test_a_sound_skill_is_told_so(browser: Client, skill: Skill, intent: Intent) -> None:
    add(intent, "one {size} pizza for me")
    add(intent, "a pizza that is {size} please")
    opening = skill.intents.get(name="OpeningHours")
    add(opening, "until when are you open")
    add(opening, "tell me your hours")
    assert "Nothing to complain of" in page_of(browser, skill)


def test_fix_annotates(browser: Client, skill: Skill, intent: Intent) -> None:
    add(intent, "make it a large one")
    revision = skill.revision
    panel = browser.get(reverse("intent-checks", args=[skill.slug, intent.pk])).text
    assert f'data-for="sample-{intent.samples.last().pk}" title="“large” is plain here' in panel
    assert f'data-for="{reverse("intent-detail", args=[skill.slug, intent.pk])}"' in panel
    answer = fix(browser, skill, check_of(skill, "not-annotated"))
    assert "Done: Write" in answer
    assert reverse("change-undo", args=[skill.slug, skill.changes.first().pk]) in answer
    assert texts(intent)[-1] == "make it a {size} one"
    skill.refresh_from_db()
    assert skill.revision == revision + 1


def test_fix_keeps_a_sample_in_one_of_two_intents(
    browser: Client, skill: Skill, intent: Intent
) -> None:
    opening = skill.intents.get(name="OpeningHours")
    add(opening, "order a {size} pizza")
    check = check_of(skill, "conflicting-sample")
    fix(browser, skill, check, number=1)
    assert "order a {size} pizza" in texts(opening)
    assert "order a {size} pizza" not in texts(intent)


def test_fix_moves_a_near_duplicate(browser: Client, skill: Skill, intent: Intent) -> None:
    add(intent, "what are my hours please")
    check = check_of(skill, "near-duplicate")
    target = skill.intents.get(name="OpeningHours")
    assert check.subject == "OpeningHours" and check.fixes[0].to == "OrderPizza"
    fix(browser, skill, check)
    assert texts(intent)[-1] == check.value
    assert check.value not in texts(target)


def test_fix_removes_what_nothing_uses(browser: Client, skill: Skill, intent: Intent) -> None:
    skill.slot_types.create(name="Color", position=9)
    intent.slots.create(name="when", type_name="AMAZON.DATE", position=9)
    fix(browser, skill, check_of(skill, "unused-slot-type"))
    fix(browser, skill, check_of(skill, "unused-slot"))
    assert not skill.slot_types.filter(name="Color").exists()
    assert not intent.slots.filter(name="when").exists()


def test_fix_adds_the_slot_that_samples_name(browser: Client, skill: Skill, intent: Intent) -> None:
    add(intent, "a pizza with {sauce}")
    add(intent, "{sauce} on it")
    check = check_of(skill, "undeclared-slot")
    assert "Done: Add the slot sauce" in fix(browser, skill, check)
    assert intent.slots.get(name="sauce").type_name == "Sauce"
    assert skill.slot_types.filter(name="Sauce").exists()
    skill.refresh_from_db()
    assert "undeclared-slot" not in {one.code for one in checked(skill).shown}
    undo.take_back(skill.changes.first())
    assert not intent.slots.filter(name="sauce").exists()
    assert not skill.slot_types.filter(name="Sauce").exists()
    # The same slot meanwhile: nothing is done twice.
    intent.slots.create(name="sauce", type_name="Size", position=9)
    fix(browser, skill, check)
    assert intent.slots.get(name="sauce").type_name == "Size"


def test_fix_takes_a_type_of_alexas_that_we_do_not_know_as_it_is(
    browser: Client, skill: Skill, intent: Intent
) -> None:
    other = skill.intents.create(name="Other", position=5)
    other.slots.create(name="sauce", type_name="AMAZON.Surprise", position=0)
    add(intent, "a pizza with {sauce}")
    types = list(skill.slot_types.values_list("name", flat=True))
    fix(browser, skill, check_of(skill, "undeclared-slot"))
    assert intent.slots.get(name="sauce").type_name == "AMAZON.Surprise"
    assert list(skill.slot_types.values_list("name", flat=True)) == types


def test_fix_keeps_a_synonym_once(browser: Client, skill: Skill, slot_type: SlotType) -> None:
    small = slot_type.values.get(value="small")
    small.synonyms = ["little", "big"]
    small.save()
    check = check_of(skill, "shared-synonym")
    assert "stands for “small” already" in check.message
    fix(browser, skill, check)
    assert slot_type.values.get(value="large").synonyms == ["huge"]
    small.refresh_from_db()
    assert small.synonyms == ["little", "big"]


def test_fix_merges_values_and_loses_no_synonym(
    browser: Client, skill: Skill, slot_type: SlotType
) -> None:
    slot_type.values.create(value="Large", synonyms=["grand", "big"], value_id="XL", position=9)
    fix(browser, skill, check_of(skill, "duplicate-value"))
    assert slot_type.values.count() == 2
    large = slot_type.values.get(value="large")
    assert (large.synonyms, large.value_id) == (["big", "huge", "grand"], "L")


def test_fix_of_samples_and_the_invocation_name(
    browser: Client, skill: Skill, intent: Intent
) -> None:
    add(intent, "Order a {size} pizza")
    add(intent, "how about it, now?")
    Skill.objects.filter(pk=skill.pk).update(invocation_name="Tiny Kitchen")
    skill.refresh_from_db()
    for code in ("duplicate-sample", "invalid-character", "invocation-name"):
        fix(browser, skill, check_of(skill, code))
        skill.refresh_from_db()
    assert texts(intent)[3:] == ["how about it now"]
    assert skill.invocation_name == "tiny kitchen"


def test_a_fix_overwrites_nothing_that_changed_meanwhile(
    browser: Client, skill: Skill, intent: Intent
) -> None:
    add(intent, "make it a large one")
    check = check_of(skill, "not-annotated")
    intent.samples.filter(text="make it a large one").update(text="make it a {size} pie")
    before = export_interaction_model(skill).digest()
    assert "nothing was done" in fix(browser, skill, check)
    assert export_interaction_model(skill).digest() == before


def test_dismissed_checks_stay_so_until_restored(
    browser: Client, skill: Skill, intent: Intent
) -> None:
    check = check_of(skill, "few-samples")
    form = {"key": check.key}
    browser.post(reverse("check-dismiss", args=[skill.slug]), form)
    browser.post(reverse("check-dismiss", args=[skill.slug]), form)
    assert check.message not in page_of(browser, skill)
    # Survives edits elsewhere, even a new document.
    skill.intents.create(name="Earlier", position=0)
    add(intent, "whatever else")
    assert check.key not in [other.key for other in checked(skill).shown]
    assert check.subject in page_of(browser, skill, show="dismissed")
    browser.post(reverse("check-restore", args=[skill.slug]), form)
    assert check.key in [other.key for other in checked(skill).shown]


def test_a_dismissed_warning_leaves_the_editor_too(
    browser: Client, skill: Skill, intent: Intent
) -> None:
    add(intent, "Order a {size} pizza")
    editor = reverse("intent-detail", args=[skill.slug, intent.pk])
    assert "stands already in line 1 of the intent" in browser.get(editor).content.decode()
    key = check_of(skill, "duplicate-sample").key
    browser.post(reverse("check-dismiss", args=[skill.slug]), {"key": key})
    assert "stands already in line 1 of the intent" not in browser.get(editor).content.decode()


def test_an_error_cannot_be_dismissed(browser: Client, skill: Skill, intent: Intent) -> None:
    add(intent, "go to {nowhere}")
    form = {"key": check_of(skill, "undeclared-slot").key}
    answer = browser.post(reverse("check-dismiss", args=[skill.slug]), form, follow=True)
    assert "cannot be dismissed" in answer.content.decode()
    assert not skill.dismissed_checks.exists()


def test_the_badges(browser: Client, skill: Skill, intent: Intent) -> None:
    add(intent, "make it a large one")
    overview = browser.get(reverse("skill-detail", args=[skill.slug])).content.decode()
    assert overview.count("object-badge") == 2  # both intents
    badge = browser.get(reverse("check-badge", args=[skill.slug])).content.decode()
    assert f">{len(checked(skill).shown)}<" in badge
    address = reverse("intent-checks", args=[skill.slug, intent.pk])
    panel = browser.get(address).content.decode()
    assert "“large” is plain here" in panel
    assert "has only 3" not in panel
    types = reverse("slot-type-checks", args=[skill.slug, skill.slot_types.get().pk])
    assert browser.get(types).status_code == 200


def test_a_button_leads_back_within_this_site_only(browser: Client, skill: Skill) -> None:
    key = check_of(skill, "few-samples").key
    for address, wanted in (("/skills/x/#check-2", "/skills/x/#check-2"), ("//evil.example", "")):
        form = {"key": key, "next": address}
        answer = browser.post(reverse("check-dismiss", args=[skill.slug]), form)
        assert answer["Location"] == (wanted or reverse("check-list", args=[skill.slug]))


NAMES = ["check-list", "check-badge", "check-fix", "check-dismiss", "check-restore"]


@pytest.mark.parametrize("name", NAMES)
def test_strangers_see_and_change_nothing(
    browser_of: Any, charlie: Any, skill: Skill, name: str
) -> None:
    stranger, address = browser_of(charlie), reverse(name, args=[skill.slug])
    form = {"key": check_of(skill, "few-samples").key}
    send = stranger.get if name in ("check-list", "check-badge") else stranger.post
    assert send(address, form).status_code == 404
    assert not skill.dismissed_checks.exists()


def test_strangers_see_no_object(browser_of: Any, charlie: Any, bob: Any, skill: Skill) -> None:
    address = reverse("intent-checks", args=[skill.slug, skill.intents.first().pk])  # type: ignore[union-attr]
    assert browser_of(charlie).get(address).status_code == 404


def test_a_stored_skill_may_be_empty(browser: Client, skill: Skill) -> None:
    skill.intents.all().delete()
    skill.slot_types.all().delete()
    assert export_interaction_model(skill).intents == InteractionModel().intents
    assert "There is no intent" in page_of(browser, skill)
