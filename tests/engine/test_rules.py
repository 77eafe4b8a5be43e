"""The rule book: what refuses an upload or a build, and what is only pointed out."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from nlu_engine import rules
from nlu_engine.errors import Problem
from nlu_engine.interaction_model import LOCALES, InteractionModel
from nlu_engine.rules import invocation_name_problems

SIZE = {"name": "size", "type": "Size"}


def model(**changes: Any) -> InteractionModel:
    """Return a sound interaction model, changed at the top."""
    document: dict[str, Any] = {
        "invocationName": "pizza shop",
        "intents": [order("order a {size} pizza"), {"name": "Close", "samples": ["we are done"]}],
        "types": [{"name": "Size", "values": [{"name": {"value": "large"}}]}],
    }
    return InteractionModel.from_json(document | changes)


def order(*samples: str, slots: Any = (SIZE,), name: str = "Order") -> dict[str, Any]:
    return {"name": name, "slots": list(slots), "samples": list(samples)}


def with_order(*samples: str, **changes: Any) -> InteractionModel:
    return model(intents=[order(*samples, **changes), {"name": "Close", "samples": ["done"]}])


def with_values(*values: Any) -> InteractionModel:
    return model(types=[{"name": "Size", "values": list(values)}])


def only(model: InteractionModel, locale: str = "en-US") -> Problem:
    (problem,) = model.problems(locale)
    return problem


def test_a_sound_interaction_model_has_no_problems() -> None:
    assert model().problems("en-US") == []
    assert model().build_errors("en-US") == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_of_alexa_is_supported(locale: str) -> None:
    assert model().errors(locale) == []


@pytest.mark.parametrize("locale", ["", "en", "en-us", "xx-XX", "und"])
def test_other_locales_are_not(locale: str) -> None:
    problem = only(model(), locale)
    assert (problem.code, problem.value, problem.severity) == (
        "unsupported-locale",
        locale,
        "error",
    )
    assert "en-US" in problem.fix


@pytest.mark.parametrize(
    ("broken", "code", "path"),
    [
        (
            with_order("a {size} pizza", slots=[SIZE, SIZE]),
            "duplicate-slot",
            "intents[0].slots[1].name",
        ),
        (with_order("a {siz} pizza"), "undeclared-slot", "intents[0].samples[0]"),
        (with_order("a {Size} pizza"), "undeclared-slot", "intents[0].samples[0]"),
        (with_order("", "fine"), "empty-sample", "intents[0].samples[0]"),
        (with_order("  ", "fine"), "empty-sample", "intents[0].samples[0]"),
        (with_order("a {size pizza"), "bad-braces", "intents[0].samples[0]"),
        (with_order("a size} pizza"), "bad-braces", "intents[0].samples[0]"),
        (with_order("a {} pizza"), "bad-braces", "intents[0].samples[0]"),
        (with_order("a {{size}} pizza"), "bad-braces", "intents[0].samples[0]"),
        (with_order("a {large|} pizza"), "bad-braces", "intents[0].samples[0]"),
        (with_order("a {size} pizza?"), "invalid-character", "intents[0].samples[0]"),
        (with_order("yes, a {size} pizza"), "invalid-character", "intents[0].samples[0]"),
        (with_order("a {size} \N{SLICE OF PIZZA}"), "invalid-character", "intents[0].samples[0]"),
        (with_order("a {size}\tpizza"), "invalid-character", "intents[0].samples[0]"),
        (
            with_order("x", slots=[{"name": "", "type": "Size"}]),
            "bad-slot-name",
            "intents[0].slots[0].name",
        ),
        (
            with_order("x", slots=[{"name": "a|b", "type": "Size"}]),
            "bad-slot-name",
            "intents[0].slots[0].name",
        ),
        (
            with_order("x", slots=[{"name": "s", "type": "Sizes"}]),
            "undeclared-slot-type",
            "intents[0].slots[0].type",
        ),
        (
            with_order("x", slots=[{"name": "s", "type": ""}]),
            "undeclared-slot-type",
            "intents[0].slots[0].type",
        ),
        (
            with_order("x", slots=[{"name": "s", "type": "AMAZON."}]),
            "undeclared-slot-type",
            "intents[0].slots[0].type",
        ),
        (
            with_order("{q}", slots=[{"name": "q", "type": "AMAZON.SearchQuery"}]),
            "no-carrier-phrase",
            "intents[0].samples[0]",
        ),
        (with_order("{size} " * 31), "too-many-slots", "intents[0].samples[0]"),
        (with_order("{size} " + "a" * 1_000), "sample-too-long", "intents[0].samples[0]"),
        (with_order("x", name=" "), "empty-name", "intents[0].name"),
        (with_order("x", name="\u200b\u202e\x07"), "empty-name", "intents[0].name"),
        (
            with_order("x", slots=[SIZE | {"samples": ["{siz}"]}]),
            "undeclared-slot",
            "intents[0].slots[0].samples[0]",
        ),
        (model(intents=[]), "no-intent", "intents"),
        (with_values({"name": {"value": ""}}), "empty-value", "types[0].values[0].name.value"),
        (with_values(" "), "empty-value", "types[0].values[0]"),
        (with_values("\u200d"), "empty-value", "types[0].values[0]"),
        (
            with_values({"name": {"value": "a", "synonyms": [""]}}),
            "empty-value",
            "types[0].values[0].name.synonyms[0]",
        ),
        (
            with_values({"name": {"value": "a" * 141}}),
            "long-value",
            "types[0].values[0].name.value",
        ),
        (
            with_values({"name": {"value": "a", "synonyms": ["b" * 141]}}),
            "long-value",
            "types[0].values[0].name.synonyms[0]",
        ),
    ],
)
def test_errors(broken: InteractionModel, code: str, path: str) -> None:
    (problem,) = broken.errors("en-US")
    assert (problem.code, problem.path, problem.severity) == (code, f"$.{path}", "error")
    assert problem.message
    assert problem in broken.build_errors("en-US")


@pytest.mark.parametrize(
    ("accepted", "code", "path"),
    [
        (model(invocationName=""), "no-invocation-name", "invocationName"),
        (model(invocationName="Pizza shop"), "invocation-name", "invocationName"),
        (model(invocationName="pizza 24"), "invocation-name", "invocationName"),
        (model(invocationName="open pizza"), "invocation-name", "invocationName"),
        (model(invocationName="p " + "p" * 49), "invocation-name", "invocationName"),
        (model(invocationName="pizza"), "invocation-name", "invocationName"),
        (model(invocationName="pizza  shop"), "invocation-name", "invocationName"),
        (model(invocationName="the pizza"), "invocation-name", "invocationName"),
        (model(invocationName="pizza and pasta"), "invocation-name", "invocationName"),
        (
            with_order("a {size} pizza", "A  {size} pizza"),
            "duplicate-sample",
            "intents[0].samples[1]",
        ),
        (with_order("a {size}", "done"), "conflicting-sample", "intents[1].samples[0]"),
        (with_order(slots=[]), "intent-without-samples", "intents[0].samples"),
        (with_order("a {size} for 2"), "digits-in-sample", "intents[0].samples[0]"),
        (with_order("a {size} " + "x" * 200), "long-sample", "intents[0].samples[0]"),
        (
            with_order("a {size_2}", slots=[{"name": "size_2", "type": "Size"}]),
            "bad-slot-name",
            "intents[0].slots[0].name",
        ),
        (with_order("a {size}", name="Order2"), "bad-intent-name", "intents[0].name"),
        (
            with_order("a {s}", slots=[{"name": "s", "type": "AMAZON.Citty"}]),
            "unknown-built-in-type",
            "intents[0].slots[0].type",
        ),
        (
            with_order("a {size}", slots=[SIZE, SIZE | {"name": "SIZE"}]),
            "similar-slot",
            "intents[0].slots[1].name",
        ),
        (model(intents=[order("a {size}")]), "only-one-intent", "intents"),
        (with_values(), "no-values", "types[0].values"),
        (with_values("large", "Large"), "duplicate-value", "types[0].values[1]"),
        (
            model(types=[{"name": "Size", "valueSupplier": {}}]),
            "value-supplier",
            "types[0].valueSupplier",
        ),
    ],
)
def test_warnings(accepted: InteractionModel, code: str, path: str) -> None:
    problem = only(accepted)
    assert (problem.code, problem.path, problem.severity) == (code, f"$.{path}", "warning")
    assert accepted.build_errors("en-US") == []


@pytest.mark.parametrize(
    ("intents", "code"),
    [
        ([{"name": "AMAZON.StopIntent", "samples": []}], "no-custom-intent"),
        ([{"name": "Order", "samples": []}, {"name": "Close"}], "no-sample"),
        (
            [
                order(
                    "x",
                    name=f"I{n}",
                    slots=[{"name": f"s{n}_{m}", "type": "AMAZON.DATE"} for m in range(167)],
                )
                for n in range(3)
            ],
            "too-many-slot-names",
        ),
    ],
    ids=["no intent of one's own", "no sample", "too many slot names"],
)
def test_a_document_with_nothing_or_too_much_to_train_is_stored_but_not_built(
    intents: list[Any], code: str
) -> None:
    untrainable = model(intents=intents)
    assert untrainable.errors("en-US") == []
    (problem,) = untrainable.build_errors("en-US")
    assert (problem.code, problem.path, problem.severity) == (code, "$.intents", "error")


@pytest.mark.parametrize(
    "sample",
    [
        "{size}",
        "{size} please",
        "a {size}'s worth",
        "a {large|size} pizza",
        "the n. b. a. game",
        "l'été à la plage",
        "एक पिज़्ज़ा दो",
        "ピザを注文して",
        "اطلب بيتزا",
        "twenty-one snake_case",
    ],
)
def test_what_people_write_in_samples_is_accepted(sample: str) -> None:
    assert with_order(sample).problems("en-US") == []


def test_names_said_twice_are_errors_those_that_differ_in_case_are_not() -> None:
    intents = [order("a {size}"), order("b {size}"), order("c {size}", name="ORDER")]
    problems = model(intents=intents).problems("en-US")
    assert [(p.code, p.path, p.severity) for p in problems] == [
        ("duplicate-intent", "$.intents[1].name", "error"),
        ("similar-intent", "$.intents[2].name", "warning"),
    ]
    size = {"name": "Size", "values": ["large"]}
    problems = model(types=[size, size, size | {"name": "size"}]).problems("en-US")
    assert [(p.code, p.path, p.severity) for p in problems] == [
        ("duplicate-slot-type", "$.types[1].name", "error"),
        ("similar-slot-type", "$.types[2].name", "warning"),
    ]


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("my size", "error"),
        ("x.Size", "error"),
        ("", "error"),
        ("Größe", "error"),
        ("S2", "warning"),
    ],
)
def test_names_of_slot_types(name: str, severity: str) -> None:
    problem = only(
        model(types=[{"name": "Size", "values": ["a"]}, {"name": name, "values": ["a"]}])
    )
    assert (problem.code, problem.path) == ("bad-slot-type-name", "$.types[1].name")
    assert problem.severity == severity


def test_extending_a_built_in_slot_type_is_fine_an_unknown_one_is_pointed_out() -> None:
    city = with_order("to {c}", slots=[{"name": "c", "type": "AMAZON.City"}])
    extended = InteractionModel.from_json(
        city.to_json() | {"types": [{"name": "AMAZON.City", "values": ["springfield"]}]}
    )
    assert extended.problems("en-US") == []
    unknown = InteractionModel.from_json(
        city.to_json() | {"types": [{"name": "AMAZON.Citys", "values": ["springfield"]}]}
    )
    assert only(unknown).code == "unknown-built-in-type"
    assert "AMAZON.City" in only(unknown).fix


def test_an_unknown_built_in_intent_is_pointed_out() -> None:
    close = {"name": "Close", "samples": ["done"]}
    intents = [order("a {size}"), close, {"name": "AMAZON.HlepIntent", "samples": []}]
    problem = only(model(intents=intents))
    assert (problem.code, problem.severity) == ("unknown-built-in-intent", "warning")
    assert "AMAZON.HelpIntent" in problem.fix


def test_the_fix_names_the_nearest_name() -> None:
    assert "Did you mean 'size'?" in with_order("a {Sise} pizza").errors()[0].fix
    slot = {"name": "s", "type": "AMAZON.Nummber"}
    assert "AMAZON.NUMBER" in only(with_order("a {s}", slots=[slot])).fix


def test_paths_follow_the_layout() -> None:
    document = with_order("a {siz}").to_json()
    wrapped = InteractionModel.from_json({"interactionModel": {"languageModel": document}})
    assert wrapped.errors()[0].path == "$.interactionModel.languageModel.intents[0].samples[0]"
    half = InteractionModel.from_json({"languageModel": document})
    assert half.errors()[0].path == "$.languageModel.intents[0].samples[0]"


def test_all_problems_come_at_once() -> None:
    broken = with_order("a {siz} pizza!", "a {size", slots=[{"name": "size", "type": "Sise"}])
    assert [p.code for p in broken.errors()] == [
        "undeclared-slot-type",
        "invalid-character",
        "undeclared-slot",
        "bad-braces",
    ]


def test_a_slot_that_many_samples_name_is_missed_once() -> None:
    broken = with_order("a {siz}", "a {size}", *(f"{word} {{siz}}" for word in ("b", "c")), "{x}")
    many, one = broken.errors()
    assert many.message.startswith("3 samples name the slot 'siz', which 'Order")
    assert many.path.endswith("intents[0].samples[0]") and many.value == "a {siz}"
    assert one.message.startswith("The sample names the slot 'x'")
    assert [problem.message for problem in broken.build_errors()] == [many.message, one.message]
    # An editor marks every sample.
    assert [problem.code for problem in broken.problems()].count("undeclared-slot") == 4


def test_a_sample_that_stands_twice_says_where_as_people_count() -> None:
    twice = model(intents=[order("x", "y {size}"), {"name": "Close", "samples": ["z", "Y {size}"]}])
    (problem,) = (one for one in twice.problems() if one.code == "conflicting-sample")
    assert "stands already in line 2 of the intent 'Order" in problem.message
    assert "$" not in problem.message


def test_fifty_thousand_values_are_the_most() -> None:
    values = [f"v{number}" for number in range(50_000)]
    assert with_values(*values).errors() == []
    (problem,) = with_values(*values, "one more").errors()
    assert (problem.code, problem.value) == ("too-many-values", 50_001)


def test_no_flood_of_warnings_hides_an_error() -> None:
    flooded = with_order("a {siz}", *(["a {size}"] * 600))
    assert [p.code for p in flooded.errors()] == ["undeclared-slot"]
    problems = flooded.problems("en-US")
    assert problems[0].code == "undeclared-slot"
    assert (problems[-1].code, problems[-1].value) == ("too-many-problems", 100)


@pytest.mark.parametrize(
    "document",
    [
        {
            "intents": [
                order(
                    "x",
                    name=f"I{n}",
                    slots=[{"name": f"s{m}", "type": f"T{n}{m}"} for m in range(40)],
                )
                for n in range(500)
            ],
            "types": [{"name": f"Type{n}", "values": []} for n in range(2_000)],
        },
        {
            "intents": [
                order(
                    *(["{s1}{x}"] * 30_000),
                    slots=[{"name": f"s{m}", "type": "T"} for m in range(1_000)],
                )
            ],
        },
        {"intents": [order("{size}" * 100_000), order("a " * 300_000)]},
        {"intents": [{"name": "A", "samples": ["x"]}] * 2_000},
        {"intents": [order("x", "\u0300\u0316" * 300_000)]},
        {"intents": [order("x")], "types": [{"name": "T", "values": ["\u0300\u0316" * 300_000]}]},
    ],
    ids=["undeclared types", "undeclared slots", "long samples", "one name", "accents", "value"],
)
def test_a_hostile_document_is_judged_quickly(document: dict[str, Any]) -> None:
    # Of the processor, for the clock goes on while others have it; with the square of the size
    # it would be hours.
    start = time.thread_time()
    assert InteractionModel.from_json(document).errors()
    assert time.thread_time() - start < 6


def test_every_rule_is_documented() -> None:
    code = re.compile(r'_(?:error|warning)\(\s*f?"([a-z-]+)(\{code\})?"')
    found = code.findall(Path(rules.__file__).read_text(encoding="utf-8"))
    names = {
        stem + name
        for stem, placeholder in found
        for name in (("intent", "slot", "slot-type") if placeholder else ("",))
    }
    page = Path(rules.__file__).parent.parent / "docs" / "interaction-model-rules.md"
    documented = set(re.findall(r"`([a-z-]+)`", page.read_text(encoding="utf-8")))
    assert len(names) > 30
    assert names <= documented


@pytest.mark.parametrize(
    ("name", "locale", "said"),
    [
        ("pizza corner", "en-US", []),
        ("joe's n. y. pizza", "en-GB", []),
        ("guide of the stars", "en-US", []),
        ("the pizza", "de-DE", []),
        ("eins und zwei", "de-DE", []),
        ("ピザ屋", "ja-JP", []),
        ("पिज़्ज़ा घर", "hi-IN", []),
        ("", "en-US", ["no invocation name"]),
        ("Pizza", "en-US", ["lower case", "your brand"]),
        ("route 66", "en-US", ["only letters"]),
        ("a", "en-US", ["2 to 50", "your brand"]),
        (" pizza corner", "en-US", ["single spaces"]),
        ("alexa pizza app", "de-DE", ["'alexa'", "'app'"]),
        ("öffne mond", "de-DE", ["'öffne'"]),
        ("öffne mond", "en-US", []),
        ("pizza to go", "en-US", ["'to' leads"]),
        ("pizza for", "en-US", ["article or preposition ('for')"]),
    ],
)
def test_advice_on_invocation_names(name: str, locale: str, said: list[str]) -> None:
    problems = invocation_name_problems(name, locale)
    assert len(problems) == len(said)
    for problem, words in zip(problems, said, strict=True):
        assert words in problem.message and problem.fix
        assert (problem.path, problem.severity) == ("$.invocationName", "warning")
