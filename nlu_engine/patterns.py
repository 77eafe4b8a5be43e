r"""Regular expressions of slot types: ``[A-Z]{2}\d{4}`` for order numbers.

RE2 matches them, in time linear in the text whatever the pattern (Cox 2010), within bounded
memory. What examples are made of is Python's own reading of the pattern, so a pattern is one
that both read. It has to fit all of a slot's words, in any case and with or without the spaces
between them: "ab 1234" and, spelled out, "a b one two three four" are AB1234 too.
"""

from __future__ import annotations

import random
import re
import re._parser as sre  # type: ignore[import-not-found]
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from nlu_engine.spoken_numbers import alphanumeric_of

MAX_PATTERNS = 20
"""Patterns of one slot type."""
MAX_PATTERN_LENGTH = 200
MAX_TEXT = 140
"""Longest text, in characters, that a pattern may fit; Alexa's bound of a slot value."""
MAX_MEMORY = 1 << 20
"""Bytes that the patterns of one slot type may take when they match."""
EXAMPLES = 60
"""Examples of a slot type that training fills samples with."""

_ATTEMPTS = 20
_REPEATS = 3
"""Repetitions beyond the least that an example may have."""
_LETTERS, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"
_ALPHABET = _LETTERS + _LETTERS.upper() + _DIGITS
_CATEGORIES = {
    "CATEGORY_DIGIT": _DIGITS,
    "CATEGORY_NOT_DIGIT": _LETTERS,
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": _ALPHABET,
    "CATEGORY_WORD": _ALPHABET,
    "CATEGORY_NOT_WORD": "-",
}


class BadPattern(ValueError):
    """A pattern that cannot be used; ``position`` is the character that is wrong, if known."""

    def __init__(self, message: str, fix: str, position: int | None = None) -> None:
        place = "" if position is None else f" at character {position + 1}"
        super().__init__(f"{message}{place}.")
        self.fix = fix
        self.position = position


def check_pattern(pattern: str) -> None:
    """Raise BadPattern unless ``pattern`` can be matched safely and has examples."""
    if not pattern.strip():
        raise BadPattern("The pattern is empty", "Write one, e.g. [A-Z]{2}\\d{4}.")
    if len(pattern) > MAX_PATTERN_LENGTH:
        message = f"The pattern has {len(pattern):,} characters; at most {MAX_PATTERN_LENGTH}"
        raise BadPattern(message, "Shorten it, or split it into several.")
    _parsed(pattern)
    try:
        re2.compile(pattern, _options())
        matcher = _set_of((pattern,), True)
    except re2.error as error:
        raise BadPattern(f"RE2 does not take the pattern: {_text(error)}", _SYNTAX) from None
    if matcher.Match(b""):
        message = "The pattern fits even no words at all"
        raise BadPattern(message, "Ask for a character at least: + instead of *.")
    if not any(True for _ in examples((pattern,), count=1)):
        message = f"No text of at most {MAX_TEXT} characters was found that the pattern fits"
        raise BadPattern(message, "Is it what you mean? Anchors and \\b are not needed.")


_SYNTAX = "Use letters, digits, classes [..], \\d, \\w, groups (..|..) and repetitions {2,4} + ? *."


def _parsed(pattern: str) -> Any:
    try:
        return sre.parse(pattern)
    except re.error as error:
        raise BadPattern(f"The pattern cannot be read: {error.msg}", _SYNTAX, error.pos) from None
    except (OverflowError, RecursionError):
        raise BadPattern("The pattern is too complicated", _SYNTAX) from None


def _text(error: Exception) -> str:
    told = error.args[0] if error.args else ""
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)


def are_too_large(patterns: Sequence[str]) -> bool:
    """Return whether ``patterns``, each of which is sound, take too much memory together."""
    try:
        _set_of(tuple(patterns), True)
    except re2.error:
        return True
    return False


def _options(case_sensitive: bool = True) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    options.case_sensitive = case_sensitive
    return options


@lru_cache(512)
def _set_of(patterns: tuple[str, ...], case_sensitive: bool) -> Any:
    found = re2.Set.FullMatchSet(_options(case_sensitive))
    for pattern in patterns:
        found.Add(pattern)
    found.Compile()
    return found


@dataclass(frozen=True)
class Patterns:
    """The patterns of one slot, each of which ``check_pattern`` has passed."""

    patterns: tuple[str, ...]

    @property
    def widths(self) -> tuple[int, int]:
        """Return the lengths, in characters, of the shortest and the longest text that may fit."""
        return _widths(self.patterns)

    def fits(self, words: str) -> bool:
        """Return whether ``words`` fit in any case, as they are or without their spaces."""
        return any(self.fits_as_it_is(form) for form in _spaced(words))

    def fits_as_it_is(self, text: str) -> bool:
        """Return whether ``text`` fits in any case, with just the spaces that it has."""
        return self._fits(text, False)

    def value_of(self, words: str, locale: str) -> str | None:
        """Return what of ``words`` fits a pattern, None where nothing does.

        As they are if possible, else in capitals or small letters, without spaces, or spelled
        out ("a b one two").
        """
        for form in _spaced(words):
            for cased in (form, form.upper(), form.lower()):
                if self._fits(cased, True):
                    return cased
        for form in _spaced(words):
            if self._fits(form, False):
                return form
        spelled = alphanumeric_of(words, locale)
        if spelled is None or spelled == words:
            return None
        cased_forms = (spelled, spelled.upper(), spelled.lower())
        return next((form for form in cased_forms if self._fits(form, True)), None)

    def which(self, value: str) -> str:
        """Return the first pattern that ``value``, one of ``value_of``, fits; "" if none does."""
        for case_sensitive in (True, False):
            rows: list[int] = _set_of(self.patterns, case_sensitive).Match(_bytes(value))
            if rows:
                return self.patterns[min(rows)]
        return ""

    def _fits(self, text: str, case_sensitive: bool) -> bool:
        if not 0 < len(text) <= MAX_TEXT:
            return False
        return bool(_set_of(self.patterns, case_sensitive).Match(_bytes(text)))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # A command line may hold halves of surrogate pairs.


@lru_cache(512)
def _widths(patterns: tuple[str, ...]) -> tuple[int, int]:
    widths = [_parsed(pattern).getwidth() for pattern in patterns]
    return min(least for least, _ in widths), max(most for _, most in widths)


def _spaced(words: str) -> tuple[str, ...]:
    """Return ``words`` with single spaces, and without any."""
    pieces = words.split()
    joined = "".join(pieces)
    return (words, joined) if len(pieces) == 1 or not pieces else (" ".join(pieces), joined)


# --- Examples -----------------------------------------------------------------------------


def examples(patterns: Sequence[str], *, count: int = EXAMPLES, seed: str = "") -> Iterator[str]:
    """Yield up to ``count`` different texts that ``patterns`` fit, of each in turn.

    The same for the same patterns and seed. Letters and digits stand for what may be any
    character, and repetitions are few, as in what people say.
    """
    chance = random.Random(f"{seed}:{patterns}")
    parsed = [_parsed(pattern) for pattern in patterns]
    matchers = [_set_of((pattern,), True) for pattern in patterns]
    known: set[str] = set()
    for turn in range(count * _ATTEMPTS):
        if len(known) >= count:
            return
        which = turn % len(patterns)
        text = _Example(chance).text_of(parsed[which])
        fits = text and text == text.strip() and matchers[which].Match(_bytes(text))
        if fits and text not in known:
            known.add(text)
            yield text


def said_examples(patterns: Sequence[str], *, seed: str = "") -> Iterator[tuple[str, str]]:
    """Yield examples as people say or type them, each with the value that it is.

    In turn as the pattern has it, in small letters, and these with a space before the digits.
    """
    for number, value in enumerate(examples(patterns, seed=seed)):
        forms = (value, value.lower(), _BEFORE_DIGITS.sub(" ", value.lower()))
        said = forms[number % len(forms)]
        yield (said if Patterns(tuple(patterns)).fits(said) else value), value


_BEFORE_DIGITS = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")


class _TooLong(Exception):
    """An example would have more than MAX_TEXT characters."""


class _Example:
    """One text that a pattern fits, drawn by chance."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._steps = 0

    def text_of(self, parsed: Any) -> str:
        """Return the text, "" where it would be too long."""
        try:
            text = self._sequence(parsed)
        except _TooLong:
            return ""
        return text if len(text) <= MAX_TEXT else ""

    def _sequence(self, parts: Any) -> str:
        return "".join(self._part(name.name, value) for name, value in parts)

    def _part(self, name: str, value: Any) -> str:
        self._steps += 1
        if self._steps > 20 * MAX_TEXT:
            raise _TooLong
        if name == "LITERAL":
            return chr(value)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = value
            times = self._chance.randint(least, min(most, least + _REPEATS))
            return "".join(self._sequence(inner) for _ in range(times))
        if name in ("SUBPATTERN", "ATOMIC_GROUP"):
            return self._sequence(value[-1] if name == "SUBPATTERN" else value)
        if name == "BRANCH":
            return self._sequence(self._chance.choice(value[1]))
        if name in ("IN", "ANY", "NOT_LITERAL"):
            return self._chance.choice(_characters(name, value) or [""])
        return ""  # Anchors; whether the whole fits is asked of RE2.


def _characters(name: str, value: Any) -> list[str]:
    """Return the characters that a class, a point or "not this one" may stand for."""
    if name == "ANY":
        return list(_ALPHABET)
    if name == "NOT_LITERAL":
        return [one for one in _ALPHABET if one != chr(value)]
    named = [(kind.name, inner) for kind, inner in value]
    listed = [one for kind, inner in named for one in _members(kind, inner)]
    if any(kind == "NEGATE" for kind, _ in named):
        return [one for one in _ALPHABET if one not in listed]
    return listed


def _members(kind: str, value: Any) -> Sequence[str]:
    if kind == "LITERAL":
        return chr(value)
    if kind == "RANGE":
        first, last = value
        return [chr(code) for code in range(first, min(last, first + 200) + 1)]
    return _CATEGORIES[value.name] if kind == "CATEGORY" else ""
