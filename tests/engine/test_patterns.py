r"""Regular expressions of slot types: bounded, safe, and with examples that fit."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_engine.patterns import (
    MAX_PATTERN_LENGTH,
    MAX_TEXT,
    BadPattern,
    Patterns,
    are_too_large,
    check_pattern,
    examples,
)

ORDER = r"[A-Z]{2}\d{4}"
SOUND = [ORDER, r"(?:INV|ORD)-\d{3,5}", "[^aeiou]{3}", r"\w{1,50}", ".+", "a|b", "[é-ü]{2}", "^ab$"]


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("[A-Z", "unterminated character set at character 1."),
        ("ab)", "unbalanced parenthesis at character 3."),
        ("a**", "multiple repeat at character 3."),
        (r"(?<=a)b", "RE2 does not take the pattern: invalid perl operator: (?<="),
        (r"(a)\1", "RE2 does not take the pattern: invalid escape sequence"),
        ("(a{1000}){1000}", "invalid repetition size"),
        ("a*", "fits even no words at all"),
        ("   ", "is empty"),
        ("x" * (MAX_PATTERN_LENGTH + 1), "201 characters; at most 200"),
        ("a" * 150, "No text of at most 140 characters"),
        (r"a\bb", "No text of at most"),
        ("(" * 150 + "a" + ")" * 150, "characters; at most"),
    ],
)
def test_a_pattern_that_cannot_be_used_says_why(pattern: str, told: str) -> None:
    with pytest.raises(BadPattern) as caught:
        check_pattern(pattern)
    assert told in str(caught.value)
    assert caught.value.fix


@pytest.mark.parametrize("pattern", SOUND)
def test_examples_fit_and_are_the_same_each_time(pattern: str) -> None:
    check_pattern(pattern)
    found = list(examples((pattern,), count=10))
    assert 0 < len(found) == len(set(found)) <= 10
    assert all(Patterns((pattern,)).value_of(text, "en-US") == text for text in found)
    assert found == list(examples((pattern,), count=10))


def test_examples_do_not_depend_on_the_process() -> None:
    code = (
        "from nlu_engine.patterns import examples; print(list(examples(('[^a-f]{4}',), count=5)))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert told == {f"{list(examples(('[^a-f]{4}',), count=5))}\n"}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("AB1234", "AB1234"),
        ("ab1234", "AB1234"),
        (" ab  1234 ", "AB1234"),
        ("a b 1 2 3 4", "AB1234"),
        ("a b one two three four", "AB1234"),
        ("AB12345", None),
        ("AB1234 please", None),
        ("", None),
        ("\ud800", None),
        ("a" * 5_000, None),
    ],
)
def test_what_fits_becomes_what_the_pattern_says(words: str, value: str | None) -> None:
    assert Patterns((ORDER,)).value_of(words, "en-US") == value


def test_mixed_case_stays_as_it_is_said() -> None:
    assert Patterns((r"Order \d",)).value_of("ORDER 7", "en-US") == "ORDER 7"
    assert Patterns(("x", ORDER)).which("AB1234") == ORDER
    assert Patterns(("x", "y")).which("AB1234") == ""


@given(st.text(alphabet="ab1 -\u00e9", max_size=40))
def test_no_words_take_long_or_raise(words: str) -> None:
    evil = Patterns((r"(a+)+b", r"(a|aa)+$", r"(\w+\s?)+-"))
    assert evil.fits(words * 50) in (True, False)
    assert evil.value_of(words, "en-US") is None or evil.fits(words)


def test_patterns_that_blow_up_backtracking_are_linear_here() -> None:
    assert not Patterns(("(a+)+b",)).fits("a" * MAX_TEXT)  # hours with Python's re


def test_too_many_large_ones_are_told() -> None:
    large = [rf"(?:{'abcdefg'[i]}\pL{{200}}){{4}}" for i in range(5)]
    assert are_too_large([pattern.replace(r"\pL", r"[\w-é]") for pattern in large] * 4)
    assert not are_too_large([ORDER, "x"])
