"""Copies of utterances with other words in their slots."""

from __future__ import annotations

from nlu_engine.augmentation import COPIES, MOST, copies_of
from nlu_engine.frames import AnnotatedUtterance, Frame, SlotSpan

TALK = ["how do you like the weather over there", "no, thank you!"]
SIZES = ("small", "large")
TITLES = ("yesterday", "let it be", "the river", "come together", "help", "blue train")


def annotated(before: str, slot: str, said: str, after: str = "") -> AnnotatedUtterance:
    span = SlotSpan(slot, len(before), len(before) + len(said), said)
    return AnnotatedUtterance(before + said + after, Frame("Do", (span,)))


SKILL = [
    *(annotated(f"{verb} a ", "size", size, " pizza") for verb in ("buy", "get") for size in SIZES),
    *(annotated("play ", "title", title, " on my phone") for title in TITLES),
    AnnotatedUtterance("stop it", Frame("Stop")),
]


def test_copies_are_new_and_their_spans_are_exact() -> None:
    copies = copies_of(SKILL, TALK, seed=0)
    assert 0 < len(copies) <= COPIES * (len(SKILL) - 1)
    assert not set(copies) & set(SKILL)
    assert len(set(copies)) == len(copies)
    for copy in copies:
        for span in copy.frame.slots:
            assert copy.text[span.start : span.end] == span.text
            assert span.text.strip() == span.text != ""


def test_what_is_around_the_slots_stays() -> None:
    frames = {
        (one.text[: span.start], one.text[span.end :], one.frame.intent)
        for one in SKILL
        for span in one.frame.slots
    }
    for copy in copies_of(SKILL, TALK, seed=1):
        [span] = copy.frame.slots
        assert (copy.text[: span.start], copy.text[span.end :], copy.frame.intent) in frames


def test_only_open_slots_take_any_words() -> None:
    said: dict[str, set[str]] = {"size": set(), "title": set()}
    for seed in range(5):
        for copy in copies_of(SKILL, TALK, seed=seed):
            [span] = copy.frame.slots
            said[span.name].add(span.text)
    assert said["size"] <= set(SIZES)
    words = {word for talk in TALK for word in talk.strip("!").replace(",", "").split()}
    others = said["title"] - set(TITLES)
    assert others
    assert {word.strip(",") for text in others for word in text.split()} <= words


def test_values_stay_in_their_slot_where_there_is_no_talk() -> None:
    copies = copies_of(SKILL, seed=0)
    allowed = {"size": set(SIZES), "title": set(TITLES)}
    assert all(span.text in allowed[span.name] for copy in copies for span in copy.frame.slots)


def test_the_same_seed_gives_the_same_copies() -> None:
    assert copies_of(SKILL, TALK, seed=3) == copies_of(SKILL, TALK, seed=3)
    assert copies_of(SKILL, TALK, seed=3) != copies_of(SKILL, TALK, seed=4)


def test_there_are_none_without_slots_or_where_there_is_enough() -> None:
    assert copies_of(SKILL[-1:], TALK, seed=0) == []
    assert copies_of([], TALK, seed=0) == []
    many = [annotated("play ", "title", f"song {number}") for number in range(MOST)]
    assert copies_of(many, TALK, seed=0) == []
    assert 0 < len(copies_of(many[:-5], TALK, seed=0)) <= 5


def test_an_edit_moves_few_copies() -> None:
    many = [
        annotated(f"{verb} number {number} ", "title", TITLES[number % 6], " now")
        for verb in ("play", "stop", "find")
        for number in range(30)
    ]
    before = set(copies_of(many, TALK, seed=0))
    after = set(copies_of([*many[1:], annotated("sing ", "title", "a new song")], TALK, seed=0))
    # Copies of what was edited, and few that say the new value or lack the old one.
    assert len(before) > 200
    assert len(after - before) < 20


def test_slots_that_take_several_values_are_taught_several() -> None:
    said = {
        span.text
        for copy in copies_of(SKILL, seed=0, several=["title"], joint="und")
        for span in copy.frame.slots
        if span.name == "title"
    }
    joined = [text for text in said if " und " in text]
    assert joined
    for text in joined:
        first, last = text.rsplit(" und ", 1)
        assert {*first.split(", "), last} <= set(TITLES)
    assert any(", " in text for text in joined)
    assert not any(" und " in c.text for c in copies_of(SKILL, seed=0, joint="und"))
