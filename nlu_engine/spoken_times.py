"""Dates, times of day and durations as people say them, in Alexa's documented formats.

Words become tokens of a kind each (a weekday, a month, a unit, a number, "next", "ago"...)
by one table a language, ``data/spoken_times.json``; rules over the kinds, the same for all
languages, make the value. A word that is not in the table leaves the whole unresolved.
Nothing here asks a clock: what is relative needs ``reference``, whose own date counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

from dateutil.relativedelta import relativedelta

from nlu_engine.builtins import data, language_of
from nlu_engine.spoken_numbers import with_digits
from nlu_engine.utterances import normalize

PRESENT = "PRESENT_REF"
"""What "now" resolves to as a date."""

LANGUAGES = frozenset({"de", "en", "es", "fr", "hi", "it", "ja", "nl", "pt"})
"""Languages whose dates, times and durations are understood."""

MAX_LENGTH = 200
"""Longest text, in characters, that is looked at; nobody says a date in more."""

_MONTH_FIRST = frozenset({"en-US", "en-CA"})
# "Next Friday" is that of the next week in English, the first to come elsewhere.
_NEXT_WEEKDAY_IS_OF_NEXT_WEEK = frozenset({"en"})
_LETTER = r"\w\u0900-\u097f"
_NUMBER = r"\d+(?:[.,]\d+)?"
_ORDINAL = r"(?:st|nd|rd|th|[ºª.]|ers?|ère|[eè]mes?|nds?|es?|ste|de|वां|वें|वीं)(?!\w)"
_CLOCK = r"(?P<h>[01]?\d|2[0-4])\s?[:.h]\s?(?P<m>[0-5]\d)"


@dataclass(frozen=True)
class _Token:
    kind: str
    value: str = ""

    @property
    def number(self) -> int:
        """Return the value as a whole number; 0 where it is none."""
        return int(self.value) if re.fullmatch(r"-?\d+", self.value) else 0


@dataclass(frozen=True)
class _Words:
    """The words of one language for one purpose, ready to scan with."""

    pattern: re.Pattern[str]
    tokens: dict[str, tuple[_Token, ...]]
    protected: dict[str, str]


@cache
def _words(language: str, purpose: str) -> _Words:
    document = data("spoken_times.json")[language]
    tokens: dict[str, tuple[_Token, ...]] = {}
    skipped = "|".join([document["skip"], document[purpose].get("skip", "")])
    tokens |= dict.fromkeys(filter(None, skipped.split("|")), ())
    for table in (document["all"], document[purpose]):
        for kinds, by_value in table.items():
            if kinds == "skip":
                continue
            for values, phrases in by_value.items():
                for phrase in phrases.split("|"):
                    tokens[phrase] = _tokens_of(kinds, values)
    tokens.pop("", None)
    edges = ("", "") if language == "ja" else (f"(?<![{_LETTER}])", f"(?![{_LETTER}])")
    longest_first = sorted(tokens, key=len, reverse=True)
    # An elided article has no edge: "l'una".
    parts = [edges[0] + re.escape(p) + ("" if p.endswith("'") else edges[1]) for p in longest_first]
    protected: dict[str, str] = {}
    for purposes, replacements in document["protect"].items():
        if purpose in purposes.split() or purposes == "all":
            protected |= replacements
    return _Words(re.compile("|".join(parts)), tokens, protected)


def _tokens_of(kinds: str, values: str) -> tuple[_Token, ...]:
    found = values.split(" ") if len(kinds) > 1 else [values]
    return tuple(_Token(k, "" if v == "_" else v) for k, v in zip(kinds, found, strict=True))


def _scan(text: str, language: str, purpose: str) -> list[_Token] | None:
    """Return the tokens of ``text``, None where a word means nothing here."""
    words = _words(language, purpose)
    said = normalize(text).strip(" .,!?")
    if len(said) > MAX_LENGTH:
        return None
    for word, instead in words.protected.items():
        said = re.sub(rf"(?<!\w){word}(?!\w)", instead, said)
    said = with_digits(said, language)
    tokens: list[_Token] = []
    place = 0
    while place < len(said):
        if said[place] in " ,;-\u3000":
            place += 1
        elif found := words.pattern.match(said, place):
            tokens += words.tokens[found.group()]
            place = found.end()
        elif purpose == "time" and (found := re.compile(_CLOCK).match(said, place)):
            tokens.append(_Token("T", f"{found['h']}:{found['m']}"))
            place = found.end()
        elif found := re.compile(rf"({_NUMBER})({_ORDINAL})?").match(said, place):
            tokens.append(_Token("o" if found.group(2) else "n", found.group(1)))
            place = found.end()
        else:
            return None
    return tokens


def _values(tokens: Iterable[_Token], kind: str) -> list[_Token]:
    return [token for token in tokens if token.kind == kind]


# --- Dates --------------------------------------------------------------------------------


def date_of(text: str, locale: str, reference: datetime | None) -> str | None:
    """Return what ``text`` says as an AMAZON.DATE, None if it is no date that we know.

    "2026-11-24", "2026-W48", "2026-W48-WE" (weekend), "2026-11", "2026", "202X" (decade),
    "2026-WI" (season), "PRESENT_REF". Without ``reference`` only what is absolute.
    """
    said = normalize(text).strip(" ,!?")
    language = language_of(locale)
    if numeric := _numeric_date(said, locale, reference):
        return numeric
    tokens = _scan(said, language, "date") if language in LANGUAGES else None
    if not tokens:
        return _decade_in(said)
    try:
        return _date(_DateWords(tokens, reference, language))
    except (ValueError, OverflowError):
        return None  # the 31st of February, the year 10,000


def _numeric_date(said: str, locale: str, reference: datetime | None) -> str | None:
    said = re.sub(r"^[^\W\d]{1,5} (?=\d)", "", said)  # "am 5.1.", "on 1/5"
    if found := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", said):
        year, month, day = map(int, found.groups())
    elif found := re.fullmatch(r"(\d{1,2})[-/.] ?(\d{1,2})(?:[-/.] ?(\d{4}|\d{2})?)?", said):
        first, second = int(found.group(1)), int(found.group(2))
        month_first = locale in _MONTH_FIRST and "." not in said or language_of(locale) == "ja"
        month, day = (first, second) if month_first else (second, first)
        if month > 12 >= day:
            month, day = day, month
        year = int(found.group(3) or 0)
        year += 2000 if found.group(3) and year < 100 else 0
    else:
        return None
    try:
        if year:
            return date(year, month, day).isoformat()
        return _coming(reference.date(), month, day).isoformat() if reference else None
    except ValueError:
        return None


def _decade_in(said: str) -> str | None:
    found = re.search(r"(?<!\d)(\d{3})0(?:'?s|er)(?!\w)", said)
    return f"{found.group(1)}X" if found else None


class _DateWords:
    """The tokens of a date, by kind, and the day that they are relative to."""

    def __init__(self, tokens: list[_Token], reference: datetime | None, language: str) -> None:
        following = [*tokens[1:], _Token("")]
        # An article that counts nothing says nothing.
        kept = [t for t, n in zip(tokens, following, strict=True) if t.kind != "A" or n.kind == "u"]
        self.tokens = [_Token("n", t.value) if t.kind == "A" else t for t in kept]
        self.language = language
        self._reference = reference
        others = [token for token in self.tokens if token.kind not in "p&"]
        self.parts = _values(self.tokens, "p")
        self.kinds = "".join(sorted(token.kind for token in others))
        self.others = others

    @property
    def now(self) -> datetime:
        """Return the reference; raises ValueError where there is none."""
        if self._reference is None:
            raise ValueError("A relative date needs a reference.")
        return self._reference

    @property
    def today(self) -> date:
        """Return the date of the reference; raises ValueError where there is none."""
        return self.now.date()

    def number(self, kind: str) -> int:
        """Return the number of the only token of ``kind``."""
        return next(token.number for token in self.others if token.kind == kind)

    def text(self, kind: str) -> str:
        """Return the value of the only token of ``kind``."""
        return next(token.value for token in self.others if token.kind == kind)

    def numbers(self) -> list[int]:
        """Return all numbers, in the order said; those that are a year said in two are one."""
        found = [token.number for token in self.others if token.kind in "no"]
        in_two = len(found) > 1 and 10 <= found[-2] <= 29 and found[-1] <= 99
        # "January 20 27" is of 2027, "January 5 27" is nothing.
        if in_two and (len(found) == 3 or "m" not in self.kinds or found[-2] in (19, 20)):
            found[-2:] = [found[-2] * 100 + found[-1]]
        return found


def _date(said: _DateWords) -> str | None:
    rule = _DATE_RULES.get(said.kinds)
    if rule is not None:
        return rule(said)
    if "m" in said.kinds and set(said.kinds) <= set("mnow"):
        return _day_and_month(said)
    if "M" in said.kinds or "d" in said.kinds:
        return _counted(said)
    return None


def _by_days(said: _DateWords) -> str:
    return (said.today + timedelta(days=said.number("D"))).isoformat()


def _weekday(said: _DateWords) -> str:
    day = said.number("w")
    return (said.today + timedelta(days=(day - said.today.weekday()) % 7)).isoformat()


def _relative_weekday(said: _DateWords) -> str:
    today, day, step = said.today, said.number("w"), said.number("r")
    to_come = (day - today.weekday() - 1) % 7 + 1
    if step == 0:
        return _weekday(said)
    if step < 0:
        return (today + timedelta(days=to_come - 7 - (7 if to_come == 7 else 0))).isoformat()
    if said.language in _NEXT_WEEKDAY_IS_OF_NEXT_WEEK:
        return (_monday(today, step) + timedelta(days=day)).isoformat()
    return (today + timedelta(days=to_come + 7 * (step - 1))).isoformat()


def _monday(today: date, weeks: int) -> date:
    return today + timedelta(days=7 * weeks - today.weekday())


def _weekday_of_unit(said: _DateWords) -> str | None:
    if said.text("u") != "week":
        return None
    return (_monday(said.today, said.number("r")) + timedelta(said.number("w"))).isoformat()


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year:04}-W{week:02}"


def _relative_unit(said: _DateWords) -> str | None:
    return _period(said.text("u"), said.today, said.number("r"))


def _period(unit: str, today: date, step: int) -> str | None:
    if unit == "day":
        return (today + timedelta(days=step)).isoformat()
    if unit in ("week", "weekend"):
        return _week(today + timedelta(weeks=step)) + ("-WE" if unit == "weekend" else "")
    if unit == "month":
        return _months_on(today, step).isoformat()[:7]
    if unit == "year":
        return f"{today.year + step:04}"
    return f"{today.year // 10 + step:03}X" if unit == "decade" else None


def _months_on(day: date, months: int) -> date:
    shifted: date = day + relativedelta(months=months)
    return shifted


def _unit(said: _DateWords) -> str | None:
    """Return the coming weekend; no other unit is a date by itself."""
    return _period("weekend", said.today, 0) if said.text("u") == "weekend" else None


def _offset(said: _DateWords) -> str | None:
    sign = 1 if "+" in said.kinds else -1
    unit, count = said.text("u"), sign * said.number("n")
    if unit in ("weekend", "decade"):
        return None
    start = said.now + timedelta(days=said.number("D") if "D" in said.kinds else 0)
    shift: dict[str, Any] = {f"{unit}s": count}
    shifted: datetime = start + relativedelta(**shift)
    return shifted.date().isoformat()


def _month(said: _DateWords) -> str:
    month = said.number("m")
    year = said.today.year + (month < said.today.month)
    return f"{year:04}-{month:02}"


def _relative_month(said: _DateWords) -> str:
    month, today, step = said.number("m"), said.today, said.number("r")
    if step < 0:
        year = today.year - (month >= today.month)
    elif step > 0:
        year = today.year + (month <= today.month) + step - 1
    else:
        year = today.year + (month < today.month)
    return f"{year:04}-{month:02}"


def _month_of_unit(said: _DateWords) -> str | None:
    if said.text("u") != "year":
        return None
    return f"{said.today.year + said.number('r'):04}-{said.number('m'):02}"


def _day_and_month(said: _DateWords) -> str | None:
    month, numbers = said.number("m"), said.numbers()
    if len(numbers) == 1 and numbers[0] > 31:
        return f"{numbers[0]:04}-{month:02}" if 1000 <= numbers[0] <= 9999 else None
    if len(numbers) == 1:
        return _coming(said.today, month, numbers[0]).isoformat()
    if len(numbers) != 2:
        return None
    day, year = numbers if numbers[1] > 31 else reversed(numbers)
    return date(year, month, day).isoformat() if year >= 1000 else None


def _coming(today: date, month: int, day: int) -> date:
    """Return the first such day from today on; raises ValueError where there is none."""
    if (month, day) == (2, 29):
        years = range(today.year, today.year + 9)
        return next(
            found
            for year in years
            if year % 4 == 0 and (year % 100 or year % 400 == 0)
            for found in [date(year, 2, 29)]
            if found >= today
        )
    found = date(today.year, month, day)
    return found if found >= today else found.replace(year=today.year + 1)


def _day_of_month(said: _DateWords) -> str:
    day, first = said.number("o"), said.today.replace(day=1)
    weekdays = [token.number for token in said.others if token.kind == "w"]
    for months in range(60 if 1 <= day <= 31 else 0):
        month = _months_on(first, months)
        found = month + timedelta(days=day - 1)
        fits = not weekdays or found.weekday() == weekdays[0]
        if fits and found.month == month.month and found >= said.today:
            return found.isoformat()
    raise ValueError(f"No month has a day {day}.")


def _day_of_relative_month(said: _DateWords) -> str | None:
    if said.text("u") != "month":
        return None
    month = _months_on(said.today.replace(day=1), said.number("r"))
    kind = "o" if "o" in said.kinds else "n"
    return month.replace(day=said.number(kind)).isoformat()


def _month_and_day_of_year(said: _DateWords) -> str | None:
    if said.text("u") != "year":
        return None
    kind = "o" if "o" in said.kinds else "n"
    year = said.today.year + said.number("r")
    return date(year, said.number("m"), said.number(kind)).isoformat()


def _year(said: _DateWords) -> str | None:
    numbers = said.numbers()
    return f"{numbers[0]:04}" if len(numbers) == 1 and 1000 <= numbers[0] <= 2999 else None


def _season(said: _DateWords) -> str:
    """Return the season that is now or comes first; winter has the year of its December."""
    months = {"SP": 3, "SU": 6, "FA": 9, "WI": 12}
    season, today = said.text("s"), said.today
    year = today.year
    if "r" in said.kinds and said.number("r"):
        step = said.number("r")
        begun = today.month >= months[season]
        year += (step if begun else step - 1) if step > 0 else (0 if begun else -1)
        return f"{year:04}-{season}"
    over = today.month >= months[season] + 3
    if season == "WI" and today.month < 3:
        year -= 1
    return f"{year + over:04}-{season}"


def _season_of_year(said: _DateWords) -> str | None:
    numbers = said.numbers()
    return f"{numbers[0]:04}-{said.text('s')}" if len(numbers) == 1 else None


def _season_of_unit(said: _DateWords) -> str | None:
    if said.text("u") != "year":
        return None
    return f"{said.today.year + said.number('r'):04}-{said.text('s')}"


def _feast(said: _DateWords) -> str:
    month, day = map(int, said.text("F").split("-"))
    found = _coming(said.today, month, day)
    if "r" in said.kinds and said.number("r"):
        step = said.number("r") if said.number("r") < 0 else said.number("r") - 1
        found = found.replace(year=found.year + step)
    return found.isoformat()


def _feast_of_year(said: _DateWords) -> str | None:
    numbers = said.numbers()
    return f"{numbers[0]:04}-{said.text('F')}" if len(numbers) == 1 else None


def _feast_of_unit(said: _DateWords) -> str:
    return f"{said.today.year + said.number('r'):04}-{said.text('F')}"


def _counted(said: _DateWords) -> str | None:
    """Return a date whose parts have counters, as in Japanese: 2027年1月5日."""
    counted: dict[str, int] = {}
    number: int | None = None
    for token in said.others:
        if token.kind in "no":
            number = token.number
        elif token.kind in "Mdu" and number is not None:
            counted[token.value or token.kind] = number
            number = None
        elif token.kind in "+-" and "d" in counted:
            days = counted["d"] if token.kind == "+" else -counted["d"]
            return (said.today + timedelta(days=days)).isoformat()
        elif token.kind not in "w":
            return None
    year, month, day = (counted.get(key) for key in ("year", "M", "d"))
    if month is None and day is not None and year is None:
        return _day_of_month(_DateWords([_Token("o", str(day))], said.now, said.language))
    if month is None or number is not None:
        return None
    if day is None:
        return f"{year or said.today.year + (month < said.today.month):04}-{month:02}"
    return (date(year, month, day) if year else _coming(said.today, month, day)).isoformat()


def _counted_year(said: _DateWords) -> str | None:
    return f"{said.number('n'):04}" if said.text("u") == "year" and said.number("n") > 999 else None


def _part(said: _DateWords) -> str:
    return (said.today + timedelta(days=said.number("r"))).isoformat()


_DATE_RULES: dict[str, Callable[[_DateWords], str | None]] = {
    "".join(sorted(kinds)): rule
    for kinds, rule in {
        "N": lambda said: PRESENT,
        "D": _by_days,
        "Dw": _by_days,
        "w": _weekday,
        "rw": _relative_weekday,
        "ruw": _weekday_of_unit,
        "ru": _relative_unit,
        "u": _unit,
        "+nu": _offset,
        "-nu": _offset,
        "+Dnu": _offset,
        "m": _month,
        "mr": _relative_month,
        "mru": _month_of_unit,
        "mnru": _month_and_day_of_year,
        "moru": _month_and_day_of_year,
        "o": _day_of_month,
        "ow": _day_of_month,
        "nw": lambda said: None,
        "oru": _day_of_relative_month,
        "nru": _day_of_relative_month,
        "n": _year,
        "nn": _year,
        "nu": _counted_year,
        "s": _season,
        "rs": _season,
        "ns": _season_of_year,
        "nns": _season_of_year,
        "sru": _season_of_unit,
        "F": _feast,
        "Fr": _feast,
        "Fn": _feast_of_year,
        "Fnn": _feast_of_year,
        "Fru": _feast_of_unit,
        "r": lambda said: _part(said) if said.parts else None,
    }.items()
}


# --- Times of day -------------------------------------------------------------------------

_AFTERNOON = frozenset({"AF", "EV", "pm"})
_TIME_RULES: list[tuple[re.Pattern[str], Callable[..., int]]] = [
    # Groups are the numbers in order; the answer is minutes since midnight.
    (re.compile(r"nc?"), lambda h: h * 60),
    (re.compile(r"nc?&?nu?"), lambda h, m: h * 60 + m),
    (re.compile(r"h\+nc?"), lambda h: h * 60 + 30),
    (re.compile(r"q\+nc?"), lambda h: h * 60 + 15),
    (re.compile(r"q-nc?"), lambda h: h * 60 - 15),
    (re.compile(r"nu?\+nc?"), lambda m, h: h * 60 + m),
    (re.compile(r"nu?-nc?"), lambda m, h: h * 60 - m),
    (re.compile(r"nc?[&+]?[hH]"), lambda h: h * 60 + 30),
    (re.compile(r"nc?[&+]?q"), lambda h: h * 60 + 15),
    (re.compile(r"nc?[&+]?t"), lambda h: h * 60 + 45),
    (re.compile(r"nc?-q"), lambda h: h * 60 - 15),
    (re.compile(r"nc-nu?"), lambda h, m: h * 60 - m),
    (re.compile(r"Hnc?"), lambda h: h * 60 - 30),
    (re.compile(r"nu?-Hnc?"), lambda m, h: h * 60 - 30 - m),
    (re.compile(r"nu?\+Hnc?"), lambda m, h: h * 60 - 30 + m),
]
_QUARTER_OF = [
    (re.compile(r"qnc?"), lambda h: h * 60 - 45),
    (re.compile(r"tnc?"), lambda h: h * 60 - 15),
]
# "8時15分前", "otto meno venti": in these languages "n - n" takes from the hour.
_HOUR_LESS = frozenset({"es", "fr", "it"})


def time_of(text: str, locale: str, reference: datetime | None) -> str | None:
    """Return what ``text`` says as an AMAZON.TIME, None if it is no time that we know.

    "08:30", or MO, AF, EV, NI for morning, afternoon, evening, night. An hour without
    "p.m." or a part of the day is that of the 24 hours. "now" and "in ten minutes" need
    ``reference``.
    """
    language = language_of(locale)
    if language not in LANGUAGES:
        found = re.fullmatch(_CLOCK, normalize(text).strip(" .,!?"))
        return _clock(int(found["h"]) * 60 + int(found["m"])) if found else None
    tokens = _scan(text, language, "time")
    if not tokens:
        return None
    if [token.kind for token in tokens] == ["N"]:
        return reference.strftime("%H:%M") if reference else None
    if shifted := _shifted(tokens, reference):
        return shifted
    parts = [token.value for token in tokens if token.kind in "pa"]
    rest = [token for token in tokens if token.kind not in "paA"]
    if not rest:
        return parts[0] if len(parts) == 1 and parts[0] not in ("am", "pm") else None
    minutes = _minutes(rest, language)
    if minutes is None:
        return None
    return _clock(_in_part_of_day(minutes, parts[-1]) if parts else minutes)


def _clock(minutes: int) -> str | None:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}" if -60 < minutes <= 24 * 60 else None


def _shifted(tokens: list[_Token], reference: datetime | None) -> str | None:
    """Return the time that is so long from the reference: "in ten minutes"."""
    # "Heures" is a unit in "dans deux heures", the clock's word elsewhere.
    tokens = [_Token("u", t.value) if (t.kind, t.value) == ("c", "hour") else t for t in tokens]
    signs = _values(tokens, "+") + _values(tokens, "-")
    units = _values(tokens, "u")
    outermost = tokens[0].kind in "+-" or tokens[-1].kind in "+-"
    if len(signs) != 1 or not units or not outermost:
        return None
    amounts = _amounts([token for token in tokens if token.kind not in "+-"])
    if reference is None or amounts is None or set(amounts) - {"hour", "minute", "second"}:
        return None
    seconds = int(sum(amounts[unit] * _SECONDS[unit] for unit in amounts))
    step = timedelta(seconds=seconds % 86_400 if signs[0].kind == "+" else -(seconds % 86_400))
    # On a day in the middle of time, for a reference may be at either end of it.
    return (reference.replace(year=2000, month=6, day=15) + step).strftime("%H:%M")


def _minutes(tokens: list[_Token], language: str) -> int | None:
    following = [*tokens[1:], _Token("")]
    tokens = [
        token  # "un quarto": the article became a number
        for token, then in zip(tokens, following, strict=True)
        if not (token.kind == "n" and token.value == "1" and then.kind in "hqt" and then.kind)
    ]
    kinds = "".join(token.kind for token in tokens)
    if kinds == "nu" and tokens[0].number >= 100 and tokens[1].value == "hour":
        kinds = "n"  # eight hundred hours
    numbers = [token.number for token in tokens if token.kind in "no"]
    kinds = kinds.replace("o", "n")
    for token in tokens:
        if token.kind in "Tk":
            hour, minute = map(int, token.value.split(":"))
            kinds = kinds.replace(token.kind, "n")
            if kinds in ("n", "nc", "nu"):
                return hour * 60 + minute
            numbers.insert(0 if tokens[0] is token else len(numbers), hour)
    if "S" in kinds:
        shift = next(token.number for token in tokens if token.kind == "S")
        return numbers[0] * 60 + shift if re.fullmatch(r"Snc?", kinds) else None
    if re.fullmatch(r"nc?", kinds) and 100 <= numbers[0] <= 2400:
        numbers = [numbers[0] // 100, numbers[0] % 100]
        kinds = "nn"
    if re.fullmatch(r"nn?u?-", kinds) or re.fullmatch(r"ncnu-", kinds):
        return _before(numbers)
    if language in _HOUR_LESS and re.fullmatch(r"nc?-nu?", kinds):
        return _sound(numbers[0] * 60 - numbers[1], numbers)
    rules = _TIME_RULES + (_QUARTER_OF if language in ("de", "nl") else [])
    for pattern, rule in rules:
        if pattern.fullmatch(kinds):
            return _sound(rule(*numbers), numbers)
    return None


def _before(numbers: list[int]) -> int | None:
    return _sound(numbers[0] * 60 - numbers[1], numbers) if len(numbers) == 2 else None


def _sound(minutes: int, numbers: list[int]) -> int | None:
    """Return ``minutes`` if the hour and the minutes that were said can be of a clock."""
    fit = all(0 <= number < 60 for number in numbers) and min(numbers) <= 24
    return minutes if fit and -60 < minutes <= 24 * 60 else None


def _in_part_of_day(minutes: int, part: str) -> int:
    hour = minutes // 60
    if part in _AFTERNOON and 0 <= hour < 12:
        return minutes + 12 * 60
    if part == "NI" and 5 <= hour < 12:
        return minutes + 12 * 60
    if part in ("MO", "am", "NI") and hour == 12:
        return minutes - 12 * 60
    return minutes


# --- Durations ----------------------------------------------------------------------------

_FRACTIONS = {
    "h": Fraction(1, 2), "H": Fraction(1, 2), "q": Fraction(1, 4), "t": Fraction(3, 4),
    "x": Fraction(3, 2), "y": Fraction(5, 2), "z": Fraction(7, 2),
}  # fmt: skip
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_SMALLER = {
    "year": ("month", 12), "month": ("day", 30), "week": ("day", 7), "day": ("hour", 24),
    "hour": ("minute", 60), "minute": ("second", 60),
}  # fmt: skip
_DESIGNATORS = [
    ("year", "Y"), ("month", "M"), ("week", "W"), ("day", "D"), ("", "T"),
    ("hour", "H"), ("minute", "M"), ("second", "S"),
]  # fmt: skip


def duration_of(text: str, locale: str) -> str | None:
    """Return what ``text`` says as an ISO 8601 duration: "PT10M", "P2YT3H10M", or None."""
    said = normalize(text).strip(" .,!?")
    if re.fullmatch(r"p(?=[\dt])(\d+[ymwd])*(t(\d+[hms])+)?", said):
        return said.upper()
    language = language_of(locale)
    tokens = _scan(text, language, "duration") if language in LANGUAGES else None
    amounts = _amounts(tokens) if tokens else None
    return _iso(amounts) if amounts else None


def _amounts(tokens: list[_Token]) -> dict[str, Fraction] | None:
    """Return how much of each unit is said, None where the tokens are no duration."""
    amounts: dict[str, Fraction] = {}
    amount: Fraction | None = None
    unit = ""
    for place, token in enumerate(tokens):
        if token.kind == "n":
            if amount is not None:
                return None
            amount = Fraction(token.value.replace(",", "."))
        elif token.kind == "A":
            amount = Fraction(1) if amount is None else amount
        elif token.kind in _FRACTIONS:
            more = any(later.kind == "u" for later in tokens[place + 1 :])
            if unit and not more:
                amounts[unit] += _FRACTIONS[token.kind]
                amount = None
            elif amount == 1 and not _values(tokens[:place], "&"):
                amount = _FRACTIONS[token.kind]  # "a half hour" is none and a half
            else:
                amount = (amount or 0) + _FRACTIONS[token.kind]
        elif token.kind == "u" and token.value not in ("weekend", "decade"):
            unit = token.value
            amounts[unit] = amounts.get(unit, Fraction(0)) + (1 if amount is None else amount)
            amount = None
        elif token.kind == "S" and amount is None and place + 1 < len(tokens):
            amount = Fraction(token.number, 60)
            if tokens[place + 1].kind != "n":
                return None
            amount += Fraction(tokens[place + 1].value)
            return _amounts([_Token("n", str(float(amount))), *tokens[place + 2 :]])
        elif token.kind != "&":
            return None
    # "an hour and a": what is left over counts nothing, unless it is the article of a fraction.
    return amounts if amounts and (amount is None or amount == 1) else None


def _iso(amounts: dict[str, Fraction]) -> str | None:
    for unit, (smaller, size) in _SMALLER.items():
        rest = amounts.get(unit, Fraction(0)) % 1
        if rest:
            amounts[unit] -= rest
            amounts[smaller] = amounts.get(smaller, Fraction(0)) + rest * size
    written = "P"
    for unit, designator in _DESIGNATORS:
        if not unit:
            written += designator
        elif count := int(amounts.get(unit, 0)):
            written += f"{count}{designator}"
    if written == "PT":
        return "PT0S" if len(amounts) == 1 else None
    return written.removesuffix("T")


def as_datetime(value: str, reference: datetime) -> datetime | None:
    """Return the moment at which an AMAZON.DATE or AMAZON.TIME value begins, or None.

    Without a time zone of its own it is in that of ``reference``.
    """
    if value == PRESENT:
        return reference
    day = reference.replace(hour=0, minute=0, second=0, microsecond=0)
    if found := re.fullmatch(r"(\d\d):(\d\d)", value):
        return day.replace(hour=int(found[1]), minute=int(found[2]))
    first = _first_day(value)
    if first is None:
        return None
    return day.replace(year=first.year, month=first.month, day=first.day)


def _first_day(value: str) -> date | None:
    seasons: dict[str, Any] = {"SP": "03", "SU": "06", "FA": "09", "WI": "12"}
    try:
        if found := re.fullmatch(r"(\d{4})-W(\d\d)(-WE)?", value):
            return date.fromisocalendar(int(found[1]), int(found[2]), 6 if found[3] else 1)
        if found := re.fullmatch(r"(\d{4})-(SP|SU|FA|WI)", value):
            return date.fromisoformat(f"{found[1]}-{seasons[found[2]]}-01")
        if re.fullmatch(r"\d{3}X", value):
            return date.fromisoformat(f"{value[:3]}0-01-01")
        if re.fullmatch(r"\d{4}(-\d\d)?(-\d\d)?", value):
            return date.fromisoformat((value + "-01-01")[:10])
    except ValueError:
        return None
    return None
