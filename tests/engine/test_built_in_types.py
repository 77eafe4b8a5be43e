"""What people say for Alexa's built-in slot types, and what it resolves to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_engine import builtins, gazetteers
from nlu_engine.resolution import MATCH, RULED_TYPES, Resolution, Resolver, resolve_builtin
from nlu_engine.spoken_times import LANGUAGES, PRESENT, as_datetime, date_of, duration_of, time_of

# A Tuesday at noon.
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

DATES = """
en-US | today | 2026-11-24
en-US | tomorrow | 2026-11-25
en-US | yesterday | 2026-11-23
en-US | the day after tomorrow | 2026-11-26
en-US | tonight | 2026-11-24
en-US | tomorrow morning | 2026-11-25
en-US | now | PRESENT_REF
en-US | right now | PRESENT_REF
en-US | tuesday | 2026-11-24
en-US | on monday | 2026-11-30
en-US | this saturday | 2026-11-28
en-US | next monday | 2026-11-30
en-US | next friday | 2026-12-04
en-US | last friday | 2026-11-20
en-US | friday next week | 2026-12-04
en-US | this week | 2026-W48
en-US | next week | 2026-W49
en-US | last week | 2026-W47
en-US | this weekend | 2026-W48-WE
en-US | next weekend | 2026-W49-WE
en-US | this month | 2026-11
en-US | next month | 2026-12
en-US | this year | 2026
en-US | next year | 2027
en-US | this decade | 202X
en-US | next decade | 203X
en-US | the 1990s | 199X
en-US | winter | 2026-WI
en-US | next winter | 2026-WI
en-US | this spring | 2027-SP
en-US | fall twenty twenty seven | 2027-FA
en-US | november | 2026-11
en-US | january | 2027-01
en-US | january next year | 2027-01
en-US | january twenty twenty eight | 2028-01
en-US | july fourth | 2027-07-04
en-US | the fourth of july two thousand twenty eight | 2028-07-04
en-US | November 25, 2026 | 2026-11-25
en-US | november twenty fourth | 2026-11-24
en-US | november twenty third | 2027-11-23
en-US | february twenty ninth | 2028-02-29
en-US | the second | 2026-12-02
en-US | friday the thirteenth | 2027-08-13
en-US | the fifth of next month | 2026-12-05
en-US | in three days | 2026-11-27
en-US | two weeks from now | 2026-12-08
en-US | a month ago | 2026-10-24
en-US | in an hour | 2026-11-24
en-US | twenty thirty | 2030
en-US | christmas | 2026-12-25
en-US | christmas twenty thirty | 2030-12-25
en-US | 2026-12-01 | 2026-12-01
en-US | 3/4/2027 | 2027-03-04
en-US | 3/4 | 2027-03-04
en-GB | 3/4/2027 | 2027-04-03
en-IN | 03-04-2027 | 2027-04-03
en-AU | 25/12/26 | 2026-12-25
en-US | 25/12/2026 | 2026-12-25
en-US | february thirtieth | -
en-US | pizza | -
en-US | two | -
en-US | next pizza | -
en-US | 99/99/2027 | -
de-DE | heute | 2026-11-24
de-DE | morgen | 2026-11-25
de-DE | übermorgen | 2026-11-26
de-DE | vorgestern | 2026-11-22
de-DE | heute Abend | 2026-11-24
de-DE | morgen früh | 2026-11-25
de-DE | jetzt | PRESENT_REF
de-DE | am Freitag | 2026-11-27
de-DE | nächsten Freitag | 2026-11-27
de-DE | übernächsten Freitag | 2026-12-04
de-DE | letzten Montag | 2026-11-23
de-DE | Freitag nächster Woche | 2026-12-04
de-DE | nächste Woche | 2026-W49
de-DE | übernächste Woche | 2026-W50
de-DE | am Wochenende | 2026-W48-WE
de-DE | nächsten Monat | 2026-12
de-DE | nächstes Jahr | 2027
de-DE | im Sommer | 2027-SU
de-DE | Sommer zweitausendachtundzwanzig | 2028-SU
de-DE | im Januar | 2027-01
de-DE | Mai nächsten Jahres | 2027-05
de-DE | am dritten Oktober | 2027-10-03
de-DE | der erste Mai zweitausendsiebenundzwanzig | 2027-05-01
de-DE | am 3.10. | 2027-10-03
de-DE | 5.1.2027 | 2027-01-05
de-DE | 3. März 2027 | 2027-03-03
de-DE | in zwei Wochen | 2026-12-08
de-DE | heute in einer Woche | 2026-12-01
de-DE | vor einem Jahr | 2025-11-24
de-DE | am fünften | 2026-12-05
de-DE | Heiligabend | 2026-12-24
de-DE | Silvester | 2026-12-31
de-DE | eine Pizza | -
es-ES | pasado mañana | 2026-11-26
es-ES | el viernes que viene | 2026-11-27
es-ES | la próxima semana | 2026-W49
es-ES | el cinco de enero de dos mil veintisiete | 2027-01-05
es-ES | hace dos días | 2026-11-22
fr-FR | après-demain | 2026-11-26
fr-FR | vendredi prochain | 2026-11-27
fr-FR | le premier janvier | 2027-01-01
fr-FR | dans deux semaines | 2026-12-08
fr-FR | ce week-end | 2026-W48-WE
it-IT | dopodomani | 2026-11-26
it-IT | la settimana scorsa | 2026-W47
it-IT | il quattro luglio | 2027-07-04
pt-BR | segunda-feira | 2026-11-30
pt-BR | mês que vem | 2026-12
pt-BR | cinco de maio | 2027-05-05
nl-NL | overmorgen | 2026-11-26
nl-NL | over drie dagen | 2026-11-27
nl-NL | volgende week | 2026-W49
hi-IN | कल | 2026-11-25
hi-IN | अगले हफ़्ते | 2026-W49
hi-IN | पाँच मई | 2027-05-05
ja-JP | 明後日 | 2026-11-26
ja-JP | 来週の金曜日 | 2026-12-04
ja-JP | 十二月二十五日 | 2026-12-25
ja-JP | 2027年1月5日 | 2027-01-05
ja-JP | 三日後 | 2026-11-27
ar-SA | 5/1/2027 | 2027-01-05
"""

TIMES = """
en-US | eight thirty | 08:30
en-US | two p m | 14:00
en-US | four in the morning | 04:00
en-US | at 5 p.m. | 17:00
en-US | twelve a.m. | 00:00
en-US | twelve thirty pm | 12:30
en-US | half past eleven at night | 23:30
en-US | quarter to eight | 07:45
en-US | a quarter past nine | 09:15
en-US | twenty five to six pm | 17:35
en-US | noon | 12:00
en-US | midnight | 00:00
en-US | morning | MO
en-US | in the afternoon | AF
en-US | this evening | EV
en-US | night | NI
en-US | 18:45 | 18:45
en-US | eight hundred hours | 08:00
en-US | now | 12:00
en-US | in ten minutes | 12:10
en-US | in an hour and a half | 13:30
en-US | two hours ago | 10:00
en-US | sixty | -
en-US | 25:00 | -
en-US | pizza | -
de-DE | acht Uhr | 08:00
de-DE | acht Uhr dreißig | 08:30
de-DE | halb neun | 08:30
de-DE | halb eins | 00:30
de-DE | viertel nach acht | 08:15
de-DE | viertel vor acht | 07:45
de-DE | viertel neun | 08:15
de-DE | drei viertel neun | 08:45
de-DE | fünf vor halb neun | 08:25
de-DE | zehn nach halb drei | 02:40
de-DE | neun Uhr abends | 21:00
de-DE | heute Abend um acht | 20:00
de-DE | um sieben Uhr früh | 07:00
de-DE | zwölf Uhr mittags | 12:00
de-DE | Mitternacht | 00:00
de-DE | morgens | MO
de-DE | 8.30 Uhr | 08:30
de-DE | vor zwei Stunden | 10:00
de-DE | in einer halben Stunde | 12:30
es-ES | las ocho menos cuarto | 07:45
es-ES | las seis y media | 06:30
es-ES | las nueve de la noche | 21:00
es-ES | dentro de dos horas | 14:00
fr-FR | huit heures moins le quart | 07:45
fr-FR | midi et demi | 12:30
fr-FR | 18 h 30 | 18:30
fr-FR | dans deux heures | 14:00
it-IT | le otto meno un quarto | 07:45
it-IT | le sei e mezza | 06:30
it-IT | l'una | 01:00
pt-BR | quinze para as oito | 07:45
pt-BR | três da tarde | 15:00
nl-NL | half zeven | 06:30
nl-NL | vijf voor half negen | 08:25
nl-NL | negen uur 's avonds | 21:00
hi-IN | साढ़े सात बजे | 07:30
hi-IN | पौने आठ बजे | 07:45
hi-IN | शाम छह बजे | 18:00
ja-JP | 午後二時 | 14:00
ja-JP | 六時半 | 06:30
ja-JP | 八時十五分前 | 07:45
"""

DURATIONS = """
en-US | ten minutes | PT10M
en-US | five hours ten minutes | PT5H10M
en-US | two years three hours ten minutes | P2YT3H10M
en-US | an hour and a half | PT1H30M
en-US | one and a half hours | PT1H30M
en-US | half an hour | PT30M
en-US | three quarters of an hour | PT45M
en-US | half a year | P6M
en-US | forty five seconds | PT45S
en-US | one second | PT1S
en-US | three days | P3D
en-US | eight weeks | P8W
en-US | a fortnight | P2W
en-US | a couple of days | P2D
en-US | 1.5 hours | PT1H30M
en-US | ten | -
en-US | ten pizzas | -
de-DE | fünf Minuten | PT5M
de-DE | eine halbe Stunde | PT30M
de-DE | anderthalb Stunden | PT1H30M
de-DE | eine Dreiviertelstunde | PT45M
de-DE | zwei Stunden und zehn Minuten | PT2H10M
de-DE | zweieinhalb Tage | P2DT12H
de-DE | ein paar Tage | P2D
es-ES | hora y media | PT1H30M
es-ES | treinta segundos | PT30S
fr-FR | une demi-heure | PT30M
fr-FR | trois quarts d'heure | PT45M
it-IT | un'ora e mezza | PT1H30M
it-IT | mezz'ora | PT30M
pt-BR | noventa segundos | PT90S
nl-NL | een half uur | PT30M
nl-NL | een kwartier | PT15M
hi-IN | डेढ़ घंटा | PT1H30M
ja-JP | 一時間半 | PT1H30M
ja-JP | 六ヶ月 | P6M
"""

OTHERS = """
NUMBER en-US | twenty five | 25
NUMBER en-US | minus five | -5
NUMBER en-US | a dozen | 12
NUMBER en-US | 1,000 | 1000
NUMBER de-DE | einundzwanzig | 21
NUMBER de-DE | minus zwölf | -12
NUMBER de-DE | drei Komma fünf | 3.5
NUMBER de-DE | eine | 1
NUMBER hi-IN | दो हज़ार पाँच सौ तीन | 2503
NUMBER ja-JP | 三十五 | 35
NUMBER en-US | some | -
Ordinal en-US | twenty first | 21
Ordinal de-DE | der dritte | 3
Ordinal es-ES | segundo | 2
Ordinal hi-IN | तीसरा | 3
Ordinal hi-IN | सातवाँ | 7
Ordinal ja-JP | 三番目 | 3
Ordinal en-US | last | -
FOUR_DIGIT_NUMBER en-US | nineteen eighty four | 1984
FOUR_DIGIT_NUMBER en-US | six zero four five | 6045
FOUR_DIGIT_NUMBER en-US | zero zero one two | 0012
FOUR_DIGIT_NUMBER en-US | four two double seven | 4277
FOUR_DIGIT_NUMBER en-US | four two triple seven | -
FOUR_DIGIT_NUMBER de-DE | neunzehnhundertvierundachtzig | 1984
FOUR_DIGIT_NUMBER ja-JP | 二〇二七 | 2027
FOUR_DIGIT_NUMBER en-US | five | -
PhoneNumber en-US | two zero six five five five zero one hundred | 2065550100
PhoneNumber en-US | +1 (206) 555-0100 | 12065550100
PhoneNumber en-GB | oh two oh double seven four six | 0207746
PhoneNumber de-DE | null eins fünf eins zwei | 01512
PhoneNumber fr-FR | zéro six douze trente-quatre | 061234
PhoneNumber en-US | call me | -
AlphaNumeric en-US | r two d two | R2D2
AlphaNumeric en-US | a thirty five b six | A35B6
AlphaNumeric en-US | double a seven | AA7
AlphaNumeric en-US | c3po | C3PO
AlphaNumeric de-DE | b zweiundzwanzig | B22
AlphaNumeric en-US | hello there | -
SearchQuery en-US | any words at all | any words at all
Country en-US | the usa | United States
Country de-DE | die Schweiz | Schweiz
Country ja-JP | ドイツ | ドイツ
Language de-DE | deutsch | Deutsch
City en-US | san francisco | San Francisco
City de-DE | München | münchen
US_CITY en-US | boise | Boise
FirstName en-US | mary | Mary
Color de-DE | rot | rot
DayOfWeek en-US | mondays | Monday
Month fr-FR | Août | août
Country en-US | atlantis | -
NobodyKnows en-US | anything | -
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


@pytest.mark.parametrize(("locale", "said", "expected"), rows(DATES))
def test_dates(locale: str, said: str, expected: str) -> None:
    assert (date_of(said, locale, NOW) or "-") == expected


@pytest.mark.parametrize(("locale", "said", "expected"), rows(TIMES))
def test_times(locale: str, said: str, expected: str) -> None:
    assert (time_of(said, locale, NOW) or "-") == expected


@pytest.mark.parametrize(("locale", "said", "expected"), rows(DURATIONS))
def test_durations(locale: str, said: str, expected: str) -> None:
    assert (duration_of(said, locale) or "-") == expected


@pytest.mark.parametrize(("type_and_locale", "said", "expected"), rows(OTHERS))
def test_other_types(type_and_locale: str, said: str, expected: str) -> None:
    slot_type, locale = type_and_locale.split()
    found = resolve_builtin(f"AMAZON.{slot_type}", said, locale, NOW)
    assert (found.value if found else "-") == expected
    assert found is None or found.status == MATCH


def test_the_offset_of_the_reference_tells_the_date() -> None:
    east = NOW.replace(hour=23).astimezone(timezone(timedelta(hours=2)))
    assert date_of("today", "en-US", east) == "2026-11-25"


def test_without_a_reference_only_what_is_absolute_resolves() -> None:
    assert date_of("tomorrow", "en-US", None) is None
    assert date_of("3/4", "en-US", None) is None
    assert date_of("may fifth twenty thirty", "en-US", None) == "2030-05-05"
    assert time_of("in ten minutes", "en-US", None) is None
    assert time_of("eight thirty", "en-US", None) == "08:30"


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_time_are_no_crash(year: int) -> None:
    edge = datetime(year, 12 if year > 1 else 1, 31 if year > 1 else 1, 23, 59, tzinfo=UTC)
    for said in ("tomorrow", "yesterday", "next year", "last week", "1/1", "in nine years", "may"):
        date_of(said, "en-US", edge)
    assert time_of("in ten minutes", "en-US", edge) is not None


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("name", ["DATE", "TIME", "DURATION", "NUMBER", "FOUR_DIGIT_NUMBER"])
def test_what_is_trained_with_resolves(name: str, language: str) -> None:
    """All but a word or two of the values that samples are filled with is understood."""
    said = builtins.sample_values(f"AMAZON.{name}", f"{language}-XX")
    missed = [
        text
        for text in said
        if resolve_builtin(f"AMAZON.{name}", text, f"{language}-XX", NOW) is None
    ]
    assert len(missed) <= 1, missed


# --- Properties ---------------------------------------------------------------------------


def words(text: str) -> list[str]:
    return text.split()


ORDINALS = words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
MONTHS = words(
    "january february march april may june july august september october november december"
)
GERMAN = words(
    "erster zweiter dritter vierter fünfter sechster siebter achter neunter zehnter elfter "
    "zwölfter dreizehnter vierzehnter fünfzehnter sechzehnter siebzehnter achtzehnter "
    "neunzehnter zwanzigster einundzwanzigster zweiundzwanzigster dreiundzwanzigster "
    "vierundzwanzigster fünfundzwanzigster sechsundzwanzigster siebenundzwanzigster "
    "achtundzwanzigster neunundzwanzigster dreißigster einunddreißigster"
)
MONATE = words("januar februar märz april mai juni juli august september oktober november dezember")
JAHRE = {2026: "sechsundzwanzig", 2027: "siebenundzwanzig", 2028: "achtundzwanzig"}
YEARS = {2026: "twenty six", 2027: "twenty seven", 2028: "twenty eight"}


def english_ordinal(number: int) -> str:
    if number <= 20:
        return ORDINALS[number - 1]
    tens = "twenty" if number < 30 else "thirty"
    return "thirtieth" if number == 30 else f"{tens} {ORDINALS[number % 10 - 1]}"


def test_every_date_of_two_years_in_words_is_itself() -> None:
    for days in range(731):
        day = NOW.date() + timedelta(days=days)
        ordinal, month = english_ordinal(day.day), MONTHS[day.month - 1]
        english = f"the {ordinal} of {month} twenty {YEARS[day.year]}"
        american = f"{month} {ordinal} two thousand {YEARS[day.year]}"
        german = f"{GERMAN[day.day - 1]} {MONATE[day.month - 1]} zweitausend{JAHRE[day.year]}"
        for said, locale in ((english, "en-GB"), (american, "en-US"), (german, "de-DE")):
            assert date_of(said, locale, NOW) == day.isoformat(), said


@given(st.dates(date(1970, 1, 1), date(2100, 12, 31)), st.sampled_from(["en-US", "de-DE"]))
def test_iso_dates_are_themselves(day: date, locale: str) -> None:
    assert date_of(day.isoformat(), locale, None) == day.isoformat()


@given(st.integers(0, 23), st.integers(0, 59), st.sampled_from(sorted(LANGUAGES)))
def test_clock_times_are_themselves(hour: int, minute: int, language: str) -> None:
    value = f"{hour:02}:{minute:02}"
    assert time_of(value, language, None) == value
    assert as_datetime(value, NOW) == NOW.replace(hour=hour, minute=minute)


@given(st.text(max_size=40), st.sampled_from([f"{language}-XX" for language in LANGUAGES]))
def test_any_text_resolves_to_something_or_nothing(text: str, locale: str) -> None:
    for slot_type in RULED_TYPES:
        found = resolve_builtin(slot_type, text, locale, NOW)
        assert found is None or found.value


@pytest.mark.parametrize(
    ("value", "begins"),
    [
        (PRESENT, NOW),
        ("2026-W48", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-W48-WE", datetime(2026, 11, 28, tzinfo=UTC)),
        ("2027-SP", datetime(2027, 3, 1, tzinfo=UTC)),
        ("202X", datetime(2020, 1, 1, tzinfo=UTC)),
        ("2026-12", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-99", None),
        ("MO", None),
        ("soon", None),
    ],
)
def test_values_begin_at_a_moment(value: str, begins: datetime | None) -> None:
    assert as_datetime(value, NOW) == begins


# --- Own slot types, lists ----------------------------------------------------------------


def test_ids_and_statuses() -> None:
    resolver = Resolver(
        {"size": {"large": "Large", "big": "Large"}},
        {"size": "Size", "day": "AMAZON.DATE", "where": "AMAZON.Country"},
        "en-US",
        {"size": {"Large": "L"}},
    )
    no_match = "ER_SUCCESS_NO_MATCH"
    assert resolver.resolve("size", "a big") == Resolution("Large", "L", "ER_SUCCESS_MATCH")
    assert resolver.resolve("size", "enormous") == Resolution("enormous", None, no_match)
    assert resolver.resolve("day", "tomorrow", NOW) == Resolution("2026-11-25", None, MATCH)
    assert resolver.resolve("day", "tomorrow") == Resolution("tomorrow", None, no_match)
    assert resolver.resolve("where", "germany") == Resolution("Germany", "DE", MATCH)
    assert resolver.resolve("nobody", "any words") == Resolution("any words", None, None)


def test_every_list_type_knows_its_values_and_others_are_open() -> None:
    lists = set(builtins.SLOT_TYPES) - RULED_TYPES - {"AMAZON.SearchQuery"}
    assert all(gazetteers.size_of(name, "en-US") >= 6 for name in lists)
    assert not any(builtins.is_open(name) for name in lists)
    assert builtins.is_open("AMAZON.NobodyKnows")
    assert not builtins.is_open("Size")
    assert gazetteers.size_of("AMAZON.Country", "nl-NL") > 200
