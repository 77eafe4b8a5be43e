"""What the words of a slot resolve to."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from nlu_engine.resolution import Resolver
from nlu_engine.spoken_numbers import number_of

RESOLVER = Resolver(
    {
        "size": {"large": "Large", "big": "Large", "extra large": "XL", "box": "Box"},
        "topping": {"cherry": "cherries", "olives": "Olives", "ham & cheese": "Ham"},
        "n": {"a couple": "2"},
    },
    {"size": "Size", "topping": "Topping", "n": "AMAZON.NUMBER", "o": "AMAZON.Ordinal"},
    "en-US",
)


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        ("size", "large", "Large"),
        ("size", "BIG", "Large"),
        ("size", "Ｂig", "Large"),
        ("size", " extra   large ", "XL"),
        ("size", "extra-large", "XL"),
        ("size", "the big", "Large"),
        ("size", "a large.", "Large"),
        ("size", "boxes", "Box"),
        ("topping", "cherries", "cherries"),
        ("topping", "some olives", "Olives"),
        ("topping", "olive", "Olives"),
        ("topping", "ham & cheese", "Ham"),
        ("size", "enormous", "enormous"),
        ("size", "The Enormous Ones", "The Enormous Ones"),
        ("size", "...", "..."),
        ("nobody", "Any Words", "Any Words"),
        ("n", "a couple", "2"),
        ("n", "two", "2"),
        ("n", "pizza", "pizza"),
        ("o", "the third", "3"),
        ("o", "last", "last"),
    ],
)
def test_resolves(slot: str, text: str, value: str) -> None:
    assert RESOLVER.resolve(slot, text).value == value


@pytest.mark.parametrize(
    ("locale", "value", "said"),
    [
        ("de-DE", "Pizza", "eine Pizza"),
        ("es-ES", "manzana", "las manzanas"),
        ("fr-FR", "eau", "l'eau"),
        ("fr-FR", "pomme", "Les pommes"),
        ("it-IT", "acqua", "l'acqua"),
        ("pt-BR", "maçã", "as maçãs"),
    ],
)
def test_articles_and_plurals_of_other_languages(locale: str, value: str, said: str) -> None:
    resolver = Resolver({"s": {value.lower(): value}}, {"s": "T"}, locale)
    assert resolver.resolve("s", said).value == value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("two", "2"),
        ("Twenty-Five", "25"),
        ("a hundred", "100"),
        ("two thousand and ten", "2010"),
        ("six zero four five", "6045"),
        ("nineteen eighty four", "1984"),
        ("twenty oh five", "2005"),
        ("one point five", "1.5"),
        ("1,000", "1000"),
        ("007", "7"),
        ("２５", "25"),
        ("zero zero one two", "12"),
        ("pizza", None),
        ("two pizzas", None),
        ("", None),
    ],
)
def test_english_numbers(text: str, number: str | None) -> None:
    assert number_of(text, "AMAZON.NUMBER", "en-GB") == number


@pytest.mark.parametrize(
    ("text", "digits"),
    [("zero zero one two", "0012"), ("0012", "0012"), ("twenty twenty six", "2026")],
)
def test_four_digits_keep_their_zeros(text: str, digits: str) -> None:
    assert number_of(text, "AMAZON.FOUR_DIGIT_NUMBER", "en-US") == digits


@pytest.mark.parametrize(
    ("locale", "text", "number"),
    [
        ("de-DE", "fünfundzwanzig", "25"),
        ("de-AT", "drei", "3"),
        ("es-MX", "dos mil diez", "2010"),
        ("fr-CA", "quatre-vingt-dix-neuf", "99"),
        ("it-IT", "ventuno", "21"),
        ("pt-BR", "vinte e um", "21"),
        ("nl-NL", "drie", "3"),
        ("ja-JP", "12", "12"),
        ("ja-JP", "三", "3"),
        ("ar-SA", "ثلاثة", None),
    ],
)
def test_numbers_of_other_languages(locale: str, text: str, number: str | None) -> None:
    assert number_of(text, "AMAZON.NUMBER", locale) == number


@pytest.mark.parametrize(
    ("locale", "text", "number"),
    [
        ("en-US", "first", "1"),
        ("en-US", "the twenty first", "21"),
        ("en-US", "3rd", "3"),
        ("de-DE", "die dritte", "3"),
        ("es-ES", "tercera", "3"),
        ("fr-FR", "premier", "1"),
    ],
)
def test_ordinals(locale: str, text: str, number: str) -> None:
    assert number_of(text, "AMAZON.Ordinal", locale) == number


def test_the_json_form_makes_an_equal_resolver() -> None:
    document = json.loads(json.dumps(RESOLVER.to_dict()))
    assert Resolver.from_dict(document) == RESOLVER
    with pytest.raises(KeyError):
        Resolver.from_dict({})


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("cherry", ["cherries"]),
        ("cherry, olives and pineapple", ["cherries", "Olives", "pineapple"]),
        ("ham & cheese and olives", ["Ham", "Olives"]),
        ("olives, and ham & cheese", ["Olives", "Ham"]),
        ("olives AND cherry", ["Olives", "cherries"]),
        ("sand and candy", ["sand", "candy"]),
        (" , and ", []),
    ],
)
def test_each_of_several_values_is_resolved(text: str, values: list[str]) -> None:
    several = replace(RESOLVER, multiple=frozenset({"topping"}))
    found = several.resolve_each("topping", text)
    assert [one.value for one in found] == values
    assert all(one.text in text for one in found)
    assert several.resolve_each("size", text) == ()
    assert Resolver.from_dict(json.loads(json.dumps(several.to_dict()))) == several


def test_several_values_keep_ids_and_leave_out_what_a_closed_type_does_not_know() -> None:
    closed = replace(
        RESOLVER,
        value_ids={"topping": {"Olives": "OLV"}},
        closed=frozenset({"topping"}),
        multiple=frozenset({"topping"}),
    )
    olives, cherries = closed.resolve_each("topping", "olives, gravel and cherry")
    assert olives.to_dict() == {
        "text": "olives",
        "value": "Olives",
        "id": "OLV",
        "status": "ER_SUCCESS_MATCH",
    }
    assert cherries.value == "cherries"
    assert closed.resolve_each("topping", "gravel and mud") == ()


def test_other_languages_have_an_and_of_their_own() -> None:
    german = replace(RESOLVER, locale="de-DE", multiple=frozenset({"topping"}))
    assert [one.text for one in german.resolve_each("topping", "Salami und Pilze, Mais")] == [
        "Salami",
        "Pilze",
        "Mais",
    ]
