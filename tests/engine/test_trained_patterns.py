"""A skill of order numbers that lists none: both parsers find numbers that they never saw."""

from __future__ import annotations

import random

import pytest

from nlu_engine.artifact import read_artifact, write_artifact
from nlu_engine.neural_training import Schedule
from nlu_engine.parsers import ParserPair, SkillParser
from nlu_engine.resolution import MATCH
from nlu_engine.training import train_parsers
from nlu_engine.training_data import TrainingData
from nlu_engine.utterances import normalize
from tests.engine.test_type_settings import tracking

CARRIERS = ("where is {}", "track {} please", "where is {} please")


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return TrainingData.from_interaction_model(tracking(), locale="en-US")


@pytest.fixture(scope="module")
def pair(data: TrainingData, tmp_path_factory: pytest.TempPathFactory) -> ParserPair:
    """Return the pair as an artifact gives it back, which knows the patterns by itself."""
    folder = tmp_path_factory.mktemp("patterns") / "artifact"
    write_artifact(train_parsers(data, tier="quick", schedule=Schedule(steps=150)), folder)
    return read_artifact(folder)


def unseen(data: TrainingData, count: int) -> list[tuple[str, str]]:
    """Return numbers that no training utterance has: as they are said, and what they are."""
    chance = random.Random(11)
    known = {span.value for one in data.utterances for span in one.frame.slots}
    found = []
    while len(found) < count:
        letters = "".join(chance.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(2))
        value = f"{letters}{chance.randrange(10_000):04}"
        forms = (value, value.lower(), f"{letters.lower()} {value[2:]}")
        if value not in known:
            found.append((forms[len(found) % 3], value))
    return found


def recalled(parser: SkillParser, numbers: list[tuple[str, str]]) -> int:
    """Return how many of ``numbers`` are found whole and resolved."""
    right = 0
    for place, (said, value) in enumerate(numbers):
        slots = parser.parse(CARRIERS[place % len(CARRIERS)].format(said)).frame.slots
        right += [(s.text, s.value, s.status) for s in slots] == [(said, value, MATCH)]
    return right


def test_numbers_that_were_never_seen_are_found(pair: ParserPair, data: TrainingData) -> None:
    numbers = unseen(data, 30)
    assert not {normalize(said) for said, _ in numbers} & set(data.slot_values.get("number", ()))
    assert pair.manifest["notes"] == []  # Codes that were made up are no words of the skill.
    assert recalled(pair.neural, numbers) >= 28
    assert recalled(pair.maxent_crf, numbers) >= 24
