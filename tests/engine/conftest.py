"""A small skill, trained once for all engine tests that only read it."""

from __future__ import annotations

import pytest

from nlu_engine.interaction_model import InteractionModel
from nlu_engine.parsers import ParserPair
from nlu_engine.training import train_parsers
from nlu_engine.training_data import TrainingData

FRUIT_SKILL = {
    "interactionModel": {
        "languageModel": {
            "invocationName": "fruit stand",
            "intents": [
                {
                    "name": "BuyIntent",
                    "slots": [
                        {"name": "fruit", "type": "Fruit"},
                        {"name": "count", "type": "AMAZON.NUMBER"},
                    ],
                    "samples": [
                        "buy me an {fruit}",
                        "buy {count} {fruit}",
                        "i want to buy an {fruit}",
                        "buy an {fruit} please",
                    ],
                },
                {
                    "name": "WeatherIntent",
                    "slots": [],
                    "samples": [
                        "is it raining",
                        "will the sun shine today",
                        "tell me the weather",
                        "how cold is it outside",
                    ],
                },
                {"name": "AMAZON.HelpIntent", "samples": []},
            ],
            "types": [
                {
                    "name": "Fruit",
                    "values": [
                        {"name": {"value": "apple", "synonyms": ["red apple"]}},
                        {"name": {"value": "pear"}},
                        {"name": {"value": "plum"}},
                    ],
                }
            ],
        }
    }
}


@pytest.fixture(scope="session")
def fruit_data() -> TrainingData:
    model = InteractionModel.from_json(FRUIT_SKILL)
    return TrainingData.from_interaction_model(model, locale="en-US", seed=0)


@pytest.fixture(scope="session")
def fruit_pair(fruit_data: TrainingData) -> ParserPair:
    return train_parsers(fruit_data)
