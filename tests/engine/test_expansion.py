"""Samples become annotated utterances: exact spans, every value seen, the same by seed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu_engine import builtins
from nlu_engine.expansion import COPIES, MAX_UTTERANCES, REFILLED, expand
from nlu_engine.frames import AnnotatedUtterance, SlotSpan
from nlu_engine.interaction_model import InteractionModel


def model(intents: list[Any], types: dict[str, list[Any]] | None = None) -> InteractionModel:
    slot_types = [{"name": name, "values": values} for name, values in (types or {}).items()]
    return InteractionModel.from_json({"intents": intents, "types": slot_types})


def intent(name: str, samples: list[str], **slots: str) -> dict[str, Any]:
    declared = [{"name": slot, "type": slot_type} for slot, slot_type in slots.items()]
    return {"name": name, "slots": declared, "samples": samples}


def value(name: str, *synonyms: str) -> dict[str, Any]:
    return {"name": {"value": name, "synonyms": list(synonyms)}}


PIZZA = model(
    [
        intent("Order", ["a {size} {topping} pizza", "a {size} one"], size="Size", topping="Top"),
        intent("Close", ["we are done", "that is all"]),
        {"name": "AMAZON.StopIntent", "samples": ["halt"]},
    ],
    {
        "Size": [value("large", "big", "huge"), value("small", "little")],
        "Top": [value(f"topping {number}", f"other {number}") for number in range(40)],
    },
)


def said(utterances: list[AnnotatedUtterance], slot: str) -> set[str]:
    return {s.text for u in utterances for s in u.frame.slots if s.name == slot}


def check_spans(utterances: list[AnnotatedUtterance]) -> None:
    for utterance in utterances:
        for slot in utterance.frame.slots:
            assert utterance.text[slot.start : slot.end] == slot.text
            assert slot.text == slot.text.strip() != ""


def test_every_value_and_synonym_is_said_in_its_slot() -> None:
    utterances = expand(PIZZA, locale="en-US", seed=0)
    check_spans(utterances)
    assert said(utterances, "size") == {"large", "big", "huge", "small", "little"}
    wanted = {f"{word} {number}" for number in range(40) for word in ("topping", "other")}
    assert said(utterances, "topping") == wanted


def test_spans_carry_the_value_that_is_meant() -> None:
    values = {
        slot.text: slot.value
        for utterance in expand(PIZZA, locale="en-US", seed=0)
        for slot in utterance.frame.slots
    }
    assert values["huge"] == values["large"] == "large"
    assert values["other 7"] == "topping 7"


def test_samples_without_slots_come_once_and_built_in_intents_never() -> None:
    utterances = expand(PIZZA, locale="en-US", seed=0)
    closing = [u.text for u in utterances if u.frame.intent == "Close"]
    assert closing == ["we are done", "that is all"]
    assert {u.frame.intent for u in utterances} == {"Order", "Close"}


def test_the_same_seed_gives_the_same_utterances_another_seed_others() -> None:
    first = expand(PIZZA, locale="en-US", seed=0)
    assert expand(PIZZA, locale="en-US", seed=0) == first
    other = expand(PIZZA, locale="en-US", seed=1)
    assert other != first
    assert said(other, "topping") == said(first, "topping")


def test_the_order_of_hashes_changes_nothing() -> None:
    code = (
        "from tests.engine.test_expansion import PIZZA, expand;"
        "import hashlib, sys;"
        "text = repr(expand(PIZZA, locale='en-US', seed=3));"
        "sys.stdout.write(hashlib.sha256(text.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_sample_is_filled_several_times_with_different_values() -> None:
    one = model([intent("Go", ["to {city}"], city="AMAZON.City")])
    assert len(expand(one, locale="en-US")) == len(builtins.sample_values("AMAZON.City", "en-US"))
    two = model([intent("Go", [f"sample {'x' * n} {{s}}" for n in range(9)], s="T")], {"T": ["a"]})
    assert len(expand(two, locale="en-US")) == 9
    three = model([intent("Go", ["to {s}", "at {s}"], s="T")], {"T": [f"v{n}" for n in range(6)]})
    texts = [u.text for u in expand(three, locale="en-US")]
    assert len(texts) == len(set(texts)) == 2 * COPIES


@pytest.mark.parametrize(
    ("samples", "values", "fillings"),
    [
        (50, 9, 50 * COPIES),
        (200, 9, REFILLED // 200 * 200),
        (300, 9, 300),  # twice would be more than REFILLED: copies have the room
        (300, 1_300, 1_700),  # four times each, then the values that none of them has said
    ],
)
def test_many_samples_are_filled_less_often(samples: int, values: int, fillings: int) -> None:
    written = [f"sample {number} {{s}}" for number in range(samples)]
    many = model([intent("Many", written, s="T")], {"T": [f"v {n}" for n in range(values)]})
    utterances = expand(many, locale="en-US")
    assert len(utterances) == pytest.approx(fillings, rel=0.15)
    assert said(utterances, "s") == {f"v {n}" for n in range(values)}
    often = Counter(one.text.split(" v ")[0] for one in utterances)
    assert min(often.values()) == min(COPIES, max(1, max(REFILLED, values) // samples))


def test_a_slot_type_without_values_takes_any_words() -> None:
    empty = model([intent("Note", ["note {what}"], what="Free")], {"Free": []})
    phrases = set(builtins.sample_values("AMAZON.SearchQuery", "en-US"))
    assert said(expand(empty, locale="en-US"), "what") == phrases


def test_an_extended_built_in_type_has_its_own_values_and_the_built_in_ones() -> None:
    extended = model(
        [intent("Go", ["to {city}"], city="AMAZON.City")],
        {"AMAZON.City": [value("springfield", "sprungfeld")]},
    )
    spoken = said(expand(extended, locale="en-US"), "city")
    assert {"springfield", "sprungfeld", "london"} <= spoken


def test_built_in_values_are_said_in_the_language_of_the_locale() -> None:
    number = model([intent("Set", ["auf {n} stellen"], n="AMAZON.NUMBER")])
    assert "fünfundzwanzig" in said(expand(number, locale="de-DE"), "n")


@pytest.mark.parametrize(
    ("sample", "text", "span"),
    [
        ("play {a}'s songs", "play Queen's songs", (5, 10)),
        ("{a}", "Queen", (0, 5)),
        ("  play   {a}  now ", "play Queen now", (5, 10)),
        ("play {The Kinks|a} now", "play The Kinks now", (5, 14)),
        ("{a}をかけて", "Queenをかけて", (0, 5)),
        ("n. b. a. {a}", "n. b. a. Queen", (9, 14)),
    ],
)
def test_exact_spans(sample: str, text: str, span: tuple[int, int]) -> None:
    one = model([intent("Play", [sample], a="Artist")], {"Artist": [" Queen "]})
    (utterance,) = expand(one, locale="en-US")
    assert utterance.text == text
    ((slot),) = utterance.frame.slots
    assert (slot.name, slot.start, slot.end, slot.text) == ("a", *span, text[slice(*span)])


def test_duplicate_samples_are_one() -> None:
    twice = model([intent("Go", ["go  home", "go home", "go home "])])
    assert [u.text for u in expand(twice, locale="en-US")] == ["go home"]


def test_two_slots_of_one_type_get_different_values() -> None:
    trip = model(
        [intent("Fly", ["from {a} to {b}"], a="City", b="City")],
        {"City": [f"city {number}" for number in range(10)]},
    )
    utterances = expand(trip, locale="en-US")
    assert all(u.frame.slots[0].text != u.frame.slots[1].text for u in utterances)
    assert said(utterances, "a") | said(utterances, "b") == {f"city {n}" for n in range(10)}


def test_fifty_thousand_values_stay_within_the_budget() -> None:
    start = time.process_time()
    huge = model(
        [
            intent("Find", ["find {w}", "where is {w}"], w="Word"),
            intent("Size", ["a {s} one"], s="Small"),
        ],
        {"Word": [f"word {n}" for n in range(50_000)], "Small": [f"s {n}" for n in range(30)]},
    )
    utterances = expand(huge, locale="en-US")
    assert len(utterances) == MAX_UTTERANCES
    assert said(utterances, "s") == {f"s {n}" for n in range(30)}
    assert time.process_time() - start < 10


def test_thousands_of_samples_are_each_filled_once() -> None:
    letters = "abcdefghijklmnop"
    samples = [f"{a}{b}{c} {{s}}" for a in letters for b in letters for c in letters]
    many = model([intent("Many", samples, s="T")], {"T": [f"v {n}" for n in range(9)]})
    utterances = expand(many, locale="en-US")
    assert len(utterances) == len(samples) == 4096
    assert said(utterances, "s") == {f"v {n}" for n in range(9)}


def test_what_the_rule_book_refuses_is_left_out() -> None:
    broken = model([intent("Go", ["to {nowhere}", "a {", "", "go {s}"], s="T")], {"T": ["a", ""]})
    assert expand(broken, locale="en-US") == [
        AnnotatedUtterance("go a", expand(broken, locale="en-US")[0].frame)
    ]
    assert expand(broken, locale="en-US")[0].frame.slots == (SlotSpan("s", 3, 4, "a", "a"),)
    assert expand(model([]), locale="en-US") == []


WORDS = st.text("abcé '.-ж字", min_size=1, max_size=6).filter(lambda text: bool(text.strip()))
CHUNKS = st.lists(WORDS | st.sampled_from(["{a}", "{b}", "{n}", " "]), min_size=1, max_size=5)


@settings(max_examples=60)
@given(
    samples=st.lists(CHUNKS.map("".join), min_size=1, max_size=6),
    names=st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=12),
    seed=st.integers(0, 2**32),
)
def test_any_sound_model_expands(samples: list[str], names: list[list[str]], seed: int) -> None:
    skill = model(
        [intent("X", samples, a="T", b="T", n="AMAZON.NUMBER")],
        {"T": [value(*surfaces) for surfaces in names]},
    )
    utterances = expand(skill, locale="en-US", seed=seed)
    check_spans(utterances)
    assert utterances == expand(skill, locale="en-US", seed=seed)
    assert len(set(utterances)) == len(utterances)
    if any("{a}" in sample or "{b}" in sample for sample in samples):
        wanted = {" ".join(s.split()).lower() for surfaces in names for s in surfaces}
        spoken = said(utterances, "a") | said(utterances, "b")
        assert {text.lower() for text in spoken} == wanted


def kitchen(samples: list[str], values: list[str]) -> InteractionModel:
    """Return a skill of samples with two slots and one more, and of the values of one type."""
    return model(
        [intent("Do", samples, a="T", b="T", c="C"), intent("Done", ["we are done"])],
        {"T": [value(name) for name in values], "C": [value(f"colour {n}") for n in range(30)]},
    )


SAMPLES = [f"sample {n} of {{a}} {'to {b}' if n % 3 == 0 else ''} in {{c}}" for n in range(40)]
VALUES = [f"value {n}" for n in range(150)]


@pytest.mark.parametrize(
    ("samples", "values"),
    [
        ([*SAMPLES, "another {a} altogether"], VALUES),
        (["the first {a} is another", *SAMPLES[1:]], VALUES),
        (SAMPLES[:-1], VALUES),
        (SAMPLES, [*VALUES[:70], "a value more", *VALUES[70:]]),
        (SAMPLES, VALUES[1:]),
    ],
    ids=["one more", "changed", "one less", "a value more", "a value less"],
)
def test_an_edit_moves_few_utterances(samples: list[str], values: list[str]) -> None:
    before = set(expand(kitchen(SAMPLES, VALUES), locale="en-US"))
    after = set(expand(kitchen(samples, values), locale="en-US"))
    assert len(before) >= 5 * len(SAMPLES)
    # Five fillings of the sample, and about as many that say what it alone said or now says too.
    assert len(after - before) <= 16
    assert len(before - after) <= 16


def test_a_renamed_intent_says_what_it_said() -> None:
    named = [
        model([intent(name, SAMPLES, a="T", b="T", c="T")], {"T": [value(v) for v in VALUES]})
        for name in ("Before", "After")
    ]
    before, after = ([u.text for u in expand(one, locale="en-US")] for one in named)
    assert before == after
