"""The page with the words of a skill in the shared embeddings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from skillbuilder.authoring import word_map as module
from skillbuilder.authoring.models import Skill, SlotValue
from skillbuilder.authoring.sample_skills import get_sample_skill
from skillbuilder.authoring.skills import create_skill
from skillbuilder.authoring.word_map import HEIGHT, WIDTH, Kind, word_map, words_of

POINT = re.compile(r'class="map-point ([^"]*)" aria-label="([^"]*)"')


def page_of(browser: Client, skill: Skill, word: str | None = None, status: int = 200) -> str:
    query = {} if word is None else {"word": word}
    answer = browser.get(reverse("skill-words", args=[skill.slug]), query)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.fixture
def pizza(alice: Any) -> Skill:
    sample = get_sample_skill("pizza_ordering")
    return create_skill(alice, name="Pizza", locale="en-US", model=sample.model)


def test_the_words_of_a_skill_are_its_values_and_what_its_samples_say(skill: Skill) -> None:
    words = words_of(skill)
    sizes = [word for word, kind in words.items() if kind.name == "Size"]
    assert sizes == ["small", "little", "large", "big", "huge"]
    others = {word for word, kind in words.items() if kind == module.SAMPLE_WORDS}
    assert {"order", "pizza", "open", "hours"} <= others
    assert not others & {"size", "a", "i"}


def test_at_most_so_many_words_and_none_crowds_out_a_short_list(
    skill: Skill, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = skill.slot_types.create(name="Topping", position=1)
    SlotValue.objects.bulk_create(
        SlotValue(slot_type=long, value=f"topping{n}", position=n) for n in range(900)
    )
    monkeypatch.setattr(module, "MOST_VALUES", 12)
    monkeypatch.setattr(module, "MOST_SAMPLE_WORDS", 3)
    counts: dict[str, int] = {}
    for kind in words_of(skill).values():
        counts[kind.name] = counts.get(kind.name, 0) + 1
    assert counts == {"Size": 5, "Topping": 7, "Sample utterances": 3}


def test_the_picture_shows_each_word_in_the_colour_of_its_slot_type(
    browser: Client, skill: Skill
) -> None:
    points = POINT.findall(page_of(browser, skill))
    assert len(points) == len(words_of(skill))
    shown = {label: classes.split()[0] for classes, label in points}
    assert shown["huge, Size"] == "slot-0"
    assert shown["pizza, Sample utterances"] == "map-plain"


def test_labels_stay_in_the_picture_and_cover_nothing(pizza: Skill) -> None:
    points = word_map(pizza, "enormous").points
    boxes = [point.label.box for point in points if point.label]
    assert len(boxes) > len(points) / 2
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0 and top >= 0 and right <= WIDTH and bottom <= HEIGHT
        for other in boxes[number + 1 :]:
            assert right <= other[0] or left >= other[2] or bottom <= other[1] or top >= other[3]
    assert all(0 <= point.x <= WIDTH and 0 <= point.y <= HEIGHT for point in points)
    assert points == word_map(pizza, "enormous").points
    [asked] = [point for point in points if point.mark == "asked"]
    assert asked.label and asked.word == "enormous"


def test_a_word_that_the_skill_does_not_have_is_near_one_that_it_has(
    browser: Client, skill: Skill
) -> None:
    page = " ".join(page_of(browser, skill, " Enormous ").split())
    assert "Near <bdi>“enormous”</bdi>" in page
    assert "It has a vector of its own." in page
    everything, _, own = page.partition("Of this skill's words")
    assert "?word=gigantic" in everything
    assert own.index("?word=huge") < own.index("?word=small")
    assert any(label == "enormous, Your word" for _, label in POINT.findall(page))
    assert any(label == "gigantic, Near your word" for _, label in POINT.findall(page))


def test_a_word_of_the_skill_is_marked_where_it_lies(skill: Skill) -> None:
    found = word_map(skill, "huge")
    [asked] = [point for point in found.points if point.word == "huge"]
    assert (asked.kind.name, asked.mark) == ("Size", "asked")
    assert found.answer and "huge" not in [near.word for near, _ in found.answer.in_skill]
    assert ("big", "Size") in [(n.word, k.name) for n, k in found.answer.near if k]


def test_the_table_names_what_is_known_beside_each_word(browser: Client, skill: Skill) -> None:
    table = page_of(browser, skill).partition("<tbody>")[2]
    row = table.partition("<bdi>huge</bdi>")[2].partition("</tr>")[0]
    assert "yes" in row and "?word=enormous" in row
    assert all(near not in words_of(skill) for near in re.findall(r"\?word=(\w+)", row))


@pytest.mark.parametrize("word", ["", "  ", "\u200b", "qwzzxk", "🍕", "\x00", "<b>&\"'", "a b c"])
def test_any_word_is_answered(browser: Client, skill: Skill, word: str) -> None:
    page = page_of(browser, skill, word)
    assert "The words of this skill" in page and "<b>&" not in page


def test_a_word_that_is_too_long_is_refused(browser: Client, skill: Skill) -> None:
    page = page_of(browser, skill, "x" * 41, status=422)
    assert "40 characters at most" in page and "Near <bdi>" not in page


def test_a_skill_without_words_says_what_comes_here(browser: Client, alice: Any) -> None:
    skill = create_skill(alice, name="Empty", locale="en-US")
    assert "This skill has no words yet" in page_of(browser, skill)
    page = page_of(browser, skill, "pizza")
    assert "?word=pizzas" in page and "The skill has no words yet." in page


def test_a_language_without_embeddings_says_so(browser: Client, skill: Skill) -> None:
    Skill.objects.update(locale="ar-SA")
    page = page_of(browser, skill, "huge")
    assert "hold no words of this language" in page
    assert "Of all" not in page and "Known beside it" not in page


def test_a_skill_in_another_language_meets_its_own_embeddings(browser: Client, alice: Any) -> None:
    skill = create_skill(alice, name="Leer", locale="de-DE")
    assert "?word=zwiebeln" in page_of(browser, skill, "Zwiebel")


def test_broken_samples_are_passed_over(skill: Skill) -> None:
    skill.intents.get(name="OrderPizza").samples.create(text="an {open brace", position=9)
    assert "brace" not in words_of(skill)


def test_kinds_have_a_class_each() -> None:
    assert Kind("Size", 3).css_class == "slot-3"
    assert module.NEAR_IT.css_class == "map-near"


def test_a_stranger_gets_a_404(
    browser_of: Callable[[Any], Client], skill: Skill, charlie: Any
) -> None:
    address = reverse("skill-words", args=[skill.slug])
    assert browser_of(charlie).get(address, {"word": "pizza"}).status_code == 404
